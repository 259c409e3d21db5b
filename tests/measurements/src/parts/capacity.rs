//! What each operation uses of DynamoDB, as `ReturnConsumedCapacity` says, and what that costs.

use serde_json::{Value, json};

use crate::{
    Result,
    dynamodb::Item,
    events,
    function::Function,
    latchkey::Key,
    machine,
    meter::{Meter, Used},
    part::Part,
    row,
    runtime::Runtime,
    world::{HOLDER, PACKAGE, World, partition, typical_key},
};

/// How many keys come due at once, so that what a run costs by itself shows beside what a key costs.
const DUE: u32 = 40;
const ORGANIZATION: &str = "organization";

/// A unit price in US dollars, as the price pages for us-east-1 list it, without free tiers.
struct Price {
    what: &'static str,
    unit: &'static str,
    dollars: f64,
}

const WRITE: Price = Price { what: "DynamoDB on demand, write", unit: "million write units", dollars: 0.625 };
const READ: Price = Price { what: "DynamoDB on demand, read", unit: "million read units", dollars: 0.125 };
const STORED: Price = Price { what: "DynamoDB, storage", unit: "GB and month", dollars: 0.25 };
const RESTORE: Price =
    Price { what: "DynamoDB, point-in-time recovery", unit: "GB and month", dollars: 0.20 };
const CALL: Price = Price { what: "API Gateway, REST API", unit: "million calls", dollars: 3.50 };
const INVOKED: Price = Price { what: "Lambda, invocation", unit: "million", dollars: 0.20 };
const RUN: Price = Price { what: "Lambda, x86", unit: "million GB-seconds", dollars: 16.6667 };
const PRICES: [Price; 7] = [WRITE, READ, STORED, RESTORE, CALL, INVOKED, RUN];
/// When the price pages were last known to say so.
const PRICED: &str = "July 2025, after DynamoDB's cut of November 2024";

/// What an invocation of the authorizer is billed for in this reckoning: milliseconds at the template's 256 MB. The time is
/// spent waiting for DynamoDB; it is assumed, not measured.
const BILLED_MS: f64 = 10.0;
const MEMORY_GB: f64 = 0.25;

/// An operation and what it used.
struct Case {
    name: &'static str,
    used: Used,
}

struct Cases {
    meter: Meter,
    all: Vec<Case>,
}

impl Cases {
    /// Notes what was used since the last note.
    fn note(&mut self, name: &'static str) -> Result<()> {
        self.all.push(Case { name, used: self.meter.take()? });
        Ok(())
    }

    fn of(&self, name: &str) -> Result<&Used> {
        let case = self.all.iter().find(|case| case.name == name);
        case.map(|case| &case.used).ok_or_else(|| format!("{name} was not measured").into())
    }
}

const COLD: &str = "authorize: first answer of a cold start";
const AT_GATEWAY: &str = "push at the gateway, its package not named";
const KNOWN: &str = "authorize a push of a known package";
const NOTED: &str = "the same, first push of the hour";
const DUE_KEY: &str = "sweep, a due key";

pub(crate) async fn measure() -> Result<Part> {
    let world = World::new().await?;
    let (meter, metered) = Meter::before(world.service("AWS_ENDPOINT_URL_DYNAMODB")?).await?;
    let environment = world.metered(&metered);
    let mut cases = Cases { meter, all: Vec::new() };

    let mut authorizer = Runtime::start(Function::Authorizer.command(&environment, &[])?).await?;
    decide(&world, &mut authorizer, &mut cases).await?;
    authorizer.stop().await?;

    let mut management = Runtime::start(Function::KeyManagement.command(&environment, &[])?).await?;
    manage(&world, &mut management, &mut cases).await?;
    management.stop().await?;

    let mut sweeper = Runtime::start(Function::Sweeper.command(&environment, &[])?).await?;
    let (run, due) = sweep(&world, &mut sweeper, &mut cases).await?;
    sweeper.stop().await?;

    let stored = stored(&world).await?;
    world.latchkey.stop().await?;
    told(&cases, &run, &due, &stored)
}

/// A decision, which must be this one.
async fn decided(authorizer: &mut Runtime, event: &Value, expected: &str) -> Result<()> {
    let answer = authorizer.expect(event).await?;
    let decision = match answer["body"].as_str() {
        Some(body) => serde_json::from_str::<Value>(body)?["decision"].clone(),
        None => answer["policyDocument"]["Statement"][0]["Effect"].clone(),
    };
    match decision.as_str().is_some_and(|decision| decision.eq_ignore_ascii_case(expected)) {
        true => Ok(()),
        false => Err(format!("not {expected}: {answer}").into()),
    }
}

async fn decide(world: &World, authorizer: &mut Runtime, cases: &mut Cases) -> Result<()> {
    let Latch { fresh, organization, long, gone } = keys(world).await?;
    let known = events::authorize(&world.key.text, PACKAGE)?;
    decided(authorizer, &known, "allow").await?;
    cases.note(COLD)?;
    decided(authorizer, &known, "allow").await?;
    cases.note(KNOWN)?;
    decided(authorizer, &events::authorize(&fresh.text, PACKAGE)?, "allow").await?;
    cases.note(NOTED)?;
    decided(authorizer, &events::push(&world.key.text)?, "allow").await?;
    cases.note(AT_GATEWAY)?;
    decided(authorizer, &events::unlist(&world.key.text, PACKAGE)?, "allow").await?;
    cases.note("unlist at the gateway")?;
    decided(authorizer, &events::authorize(&world.key.text, "Fabrikam.Service.Unheard")?, "allow").await?;
    cases.note("authorize a push of an unknown package")?;
    decided(authorizer, &events::authorize(&organization.text, "Organization.Core")?, "allow").await?;
    cases.meter.take()?;
    decided(authorizer, &events::authorize(&organization.text, "Organization.Core")?, "allow").await?;
    cases.note("authorize with an organization's key")?;
    decided(authorizer, &events::authorize(&long.text, PACKAGE)?, "allow").await?;
    cases.meter.take()?;
    decided(authorizer, &events::authorize(&long.text, PACKAGE)?, "allow").await?;
    cases.note("authorize with a key of 32 KiB of patterns")?;
    decided(authorizer, &events::authorize(&gone.text, PACKAGE)?, "deny").await?;
    cases.note("refuse a key that is not there")
}

struct Latch {
    /// Never pushed with.
    fresh: Key,
    organization: Key,
    /// With as many bytes of patterns as a key may have.
    long: Key,
    /// Deleted.
    gone: Key,
}

async fn keys(world: &World) -> Result<Latch> {
    let (latchkey, holder) = (&world.latchkey, &world.holder);
    let organization = json!({ "name": "Organization", "kind": "organization" });
    latchkey.put(&format!("accounts/{ORGANIZATION}"), &organization).await?;
    let member = format!("organizations/{ORGANIZATION}/members/{HOLDER}");
    latchkey.put(&member, &json!({ "role": "member" })).await?;
    latchkey.put("packages/Organization.Core", &json!({ "owners": [ORGANIZATION] })).await?;
    let with = |name: &str, value: Value| {
        let mut key = typical_key();
        key[name] = value;
        key
    };
    let mut for_organization = with("packages", json!(["Organization.*"]));
    for_organization["owner"] = ORGANIZATION.into();
    let mut long: Vec<String> = (0..255).map(|number| format!("{number:0>128}")).collect();
    long.push(format!("{PACKAGE}{}", "*".repeat(128 - PACKAGE.len())));
    let gone = latchkey.make_key(holder, &typical_key()).await?;
    latchkey.delete(holder, &gone).await?;
    Ok(Latch {
        fresh: latchkey.make_key(holder, &typical_key()).await?,
        organization: latchkey.make_key(holder, &for_organization).await?,
        long: latchkey.make_key(holder, &with("packages", json!(long))).await?,
        gone,
    })
}

async fn manage(world: &World, management: &mut Runtime, cases: &mut Cases) -> Result<()> {
    let manager = "manager";
    let publisher = world.latchkey.sign_in(manager).await?;
    for _ in 0..100 {
        world.latchkey.make_key(&publisher, &typical_key()).await?;
    }
    answered(management, &events::list(manager)?, 200).await?;
    cases.meter.take()?;
    let create = events::managed("create-key", manager, None, &typical_key())?;
    let made = answered(management, &create, 201).await?;
    cases.meter.take()?;
    let id = made["key"]["id"].as_str().ok_or("a key without an id")?;
    answered(management, &create, 201).await?;
    cases.note("create a key")?;
    answered(management, &events::list(manager)?, 200).await?;
    cases.note("list 100 keys")?;
    answered(management, &events::managed("refresh-key", manager, Some(id), &json!({}))?, 200).await?;
    cases.note("refresh a key")?;
    let edited = json!({ "packages": ["Fabrikam.*"] });
    answered(management, &events::managed("edit-key", manager, Some(id), &edited)?, 200).await?;
    cases.note("edit a key")?;
    answered(management, &events::managed("revoke-key", manager, Some(id), &Value::Null)?, 200).await?;
    cases.note("revoke a key")?;
    answered(management, &events::managed("delete-key", manager, Some(id), &Value::Null)?, 204).await?;
    cases.note("delete a key")
}

async fn answered(management: &mut Runtime, event: &Value, status: u16) -> Result<Value> {
    let answer = management.expect(event).await?;
    if answer["statusCode"] != status {
        return Err(format!("{} answers {answer}", event["routeKey"]).into());
    }
    Ok(serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or_default())
}

/// What a run without anything due uses, and what each due key adds, telling and mail together.
async fn sweep(world: &World, sweeper: &mut Runtime, cases: &mut Cases) -> Result<(Used, Used)> {
    let at = (machine::now() + chrono::TimeDelta::days(3)).to_rfc3339();
    sweeper.expect(&events::sweep(&at)).await?;
    cases.meter.take()?;
    sweeper.expect(&events::sweep(&at)).await?;
    let run = cases.meter.take()?;
    for number in 0..DUE {
        let holder = world.latchkey.sign_in(&format!("due-{number}")).await?;
        let mut key = typical_key();
        key["expires_in_days"] = 1.into();
        world.latchkey.make_key(&holder, &key).await?;
    }
    let report = sweeper.expect(&events::sweep(&at)).await?;
    if report["expired"] != DUE || report["mailed"] != DUE {
        return Err(format!("{DUE} keys were due: {report}").into());
    }
    let mut due = cases.meter.take()?;
    due.reads = (due.reads - run.reads) / f64::from(DUE);
    due.writes = (due.writes - run.writes) / f64::from(DUE);
    Ok((run, due))
}

/// The items that one key is kept as: its own, its first event.
async fn stored(world: &World) -> Result<Vec<(&'static str, usize)>> {
    let id: keys::KeyId = world.key.id.parse()?;
    let table = world.table()?;
    let (pk, number) = (partition(HOLDER)?, id.number().to_string());
    let key = table.get(&pk, &format!("key#{number}")).await?;
    let event = table.first(&pk, &format!("event#{number}#")).await?;
    let indexed: Item = ["pk", "sk", "due_shard", "due_key"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), key.get(*name)?.clone())))
        .collect();
    Ok(vec![
        ("key", size(&key) + 100),
        ("row of the index", size(&indexed) + 100),
        ("event", size(&event) + 100),
    ])
}

/// The bytes of an item, as DynamoDB reckons them (developer guide, "DynamoDB item sizes and formats"); it stores 100 more.
fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else { return 0 };
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => text.len(),
        ("N", Value::String(digits)) => digits.len().div_ceil(2) + 1,
        ("B", Value::String(base64)) => base64.trim_end_matches('=').len() * 3 / 4,
        ("L", Value::Array(list)) => 3 + list.iter().map(|each| 1 + value_size(each)).sum::<usize>(),
        ("M", Value::Object(map)) => {
            3 + map.iter().map(|(name, each)| 1 + name.len() + value_size(each)).sum::<usize>()
        }
        _ => 1,
    }
}

fn told(cases: &Cases, run: &Used, due: &Used, stored: &[(&'static str, usize)]) -> Result<Part> {
    let mut part = Part::new("Capacity and price");
    part.say(
        "Read and write units as the engine reckons them on `ReturnConsumedCapacity` (all reads of a decision are strongly \
         consistent), for the real programs. An operation of the management API includes its mail's row, written with it, \
         taken under a lease and deleted once SES has the mail.",
    );
    let mut rows = vec![row!["", "read units", "write units", "calls"]];
    for Case { name, used } in &cases.all {
        rows.push(row![name, used.reads, used.writes, used.told()]);
    }
    rows.push(row!["sweep, nothing due", run.reads, run.writes, run.told()]);
    rows.push(row![DUE_KEY, format!("{:.2}", due.reads), format!("{:.2}", due.writes), "its mail included"]);
    part.table(&rows);

    part.say("### What that costs");
    part.say(&format!(
        "List prices for us-east-1 as of {PRICED}, without free tiers; to be checked against AWS's pages before anybody relies \
         on them. A NuGet push is two calls of the REST API: the push itself, which the authorizer lets in, and the gallery's \
         question once it has read the package. An invocation is reckoned at {BILLED_MS} ms of 256 MB, an assumption."
    ));
    let mut rows = vec![row!["unit", "of", "US$"]];
    rows.extend(PRICES.iter().map(|price| row![price.what, price.unit, price.dollars]));
    part.table(&rows);
    let (gateway, question, noted) = (cases.of(AT_GATEWAY)?, cases.of(KNOWN)?, cases.of(NOTED)?);
    let reads = gateway.reads + question.reads;
    let writes = noted.writes;
    let seconds = 2.0 * BILLED_MS / 1e3 * MEMORY_GB;
    let dollars = [
        ("API Gateway, 2 calls", 2.0 * CALL.dollars),
        ("Lambda, 2 invocations", 2.0 * INVOKED.dollars + seconds * RUN.dollars),
        ("DynamoDB, reads", reads * READ.dollars),
        ("DynamoDB, last push written each time (it is hourly at most)", writes * WRITE.dollars),
    ];
    let mut rows = vec![row!["a million pushes", "US$"]];
    rows.extend(dollars.iter().map(|(what, dollars)| row![what, format!("{dollars:.2}")]));
    let total: f64 = dollars.iter().map(|(_, dollars)| dollars).sum();
    rows.push(row!["**together**", format!("**{total:.2}**")]);
    part.table(&rows);

    let bytes: usize = stored.iter().map(|(_, bytes)| bytes).sum();
    let gigabytes = bytes as f64 * 1e6 / 1e9;
    let items: Vec<String> = stored.iter().map(|(what, bytes)| format!("{what} {bytes}")).collect();
    let (create, list) = (cases.of("create a key")?, cases.of("list 100 keys")?);
    part.say(&format!(
        "A typical key is kept in {bytes} bytes ({}; DynamoDB's own 100 for each included), and each event adds one more such \
         row: a million keys are {gigabytes:.2} GB, US$ {:.2} a month with point-in-time recovery. To make them costs \
         US$ {:.2}, to list them all, a hundred at a time, US$ {:.2}, and to tell of each that it ends, twice, US$ {:.2}. \
         The sweeper's runs by themselves, every 15 minutes, cost US$ {:.2} a month, however many keys there are.",
        items.join(", "),
        gigabytes * (STORED.dollars + RESTORE.dollars),
        create.writes * WRITE.dollars + create.reads * READ.dollars,
        list.reads * READ.dollars / 100.0,
        2.0 * (due.reads * READ.dollars + due.writes * WRITE.dollars),
        run.reads * READ.dollars * 4.0 * 24.0 * 30.0 / 1e6,
    ));
    Ok(part)
}
