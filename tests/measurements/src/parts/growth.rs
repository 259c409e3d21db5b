//! Whether a table's size shows: the same decisions, lists and sweeps in tables of very different sizes.

use chrono::{DateTime, TimeDelta, Utc};
use keys::{AccountId, KeyId, KeyNumber};
use serde_json::{Value, json};

use crate::{
    Result,
    dynamodb::{Item, Table, number, replaced, text},
    events,
    function::{Environment, Function},
    latchkey::{Key, Publisher},
    machine,
    meter::{Meter, Used},
    part::Part,
    row,
    runtime::Runtime,
    statistics::{median, spread},
    world::{PACKAGE, World, partition, typical_key},
};

/// How many keys the tables have.
const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];
/// How many of them are due, in every table.
const DUE: usize = 500;
/// How many of an account's keys are copies of one: the more keys, the more accounts.
const OF_ACCOUNT: usize = 10;
/// How many keys of its own the account has whose list is asked for, and how many are asked for at a time.
const LISTED: usize = 300;
const PAGES: [usize; 3] = [10, 50, 100];
/// How many decisions are made on how many different keys; and how often CPU time is read.
const ASKED: usize = 20;
const DECISIONS: usize = 100;
const ROUNDS: usize = 9;
/// By how much the tables may differ, as a part of the smallest figure.
const TOLERANCE: f64 = 0.10;

/// What was seen of one table.
struct Seen {
    keys: usize,
    /// A decision: read units, CPU seconds, median time to the answer.
    reads: f64,
    cpu: f64,
    answer: f64,
    /// A list, for each of [`PAGES`]: read units.
    lists: Vec<f64>,
    /// A due key: units, and CPU seconds of the sweeper.
    due_reads: f64,
    due_writes: f64,
    due_cpu: f64,
    /// The sweeper's peak, MiB.
    peak: f64,
}

pub(crate) async fn measure() -> Result<Part> {
    let mut tables = Vec::new();
    for keys in SIZES {
        tables.push(Filled::new(keys).await.map_err(|error| format!("{keys} keys: {error}"))?);
    }
    let mut all = Vec::new();
    for (table, (cpu, answer)) in tables.iter().zip(times(&tables).await?) {
        let reads = reads(&table.environment, &table.meter, &table.asked).await?;
        let lists = lists(&table.environment, &table.meter).await?;
        let (due, due_cpu, peak) = table.sweep().await?;
        let (due_reads, due_writes) = (due.reads / DUE as f64, due.writes / DUE as f64);
        let keys = table.keys;
        all.push(Seen { keys, reads, cpu, answer, lists, due_reads, due_writes, due_cpu, peak });
    }
    for table in tables {
        table.world.latchkey.stop().await?;
    }
    Ok(told(&all))
}

/// A running Latchkey whose table holds so many keys.
struct Filled {
    keys: usize,
    world: World,
    meter: Meter,
    /// How a function reaches it, metered.
    environment: Environment,
    asked: Vec<Key>,
    copies: Copies,
}

impl Filled {
    async fn new(keys: usize) -> Result<Self> {
        let world = World::new().await?;
        let (meter, metered) = Meter::before(world.service("AWS_ENDPOINT_URL_DYNAMODB")?).await?;
        let environment = world.metered(&metered);
        let asked = asked(&world).await?;
        let copies = Copies::of(&world.table()?).await?;
        copies.fill(keys - DUE).await?;
        copies.fill_list().await?;
        Ok(Self { keys, world, meter, environment, asked, copies })
    }

    /// Has the sweeper tell of [`DUE`] keys. What that takes beyond a run that finds nothing, its CPU seconds for each of
    /// them, and its peak in MiB.
    async fn sweep(&self) -> Result<(Used, f64, f64)> {
        // Only now, so that Latchkey's own sweeper, which runs by itself, has no time to tell of them first.
        self.copies.fill_due().await?;
        let mut sweeper = Runtime::start(Function::Sweeper.command(&self.environment, &[])?).await?;
        let long_ago = events::sweep("2000-01-01T00:00:00Z");
        sweeper.expect(&long_ago).await?;
        self.meter.take()?;
        sweeper.expect(&long_ago).await?;
        let run = self.meter.take()?;
        let before = sweeper.process().cpu_at_rest().await?;
        let report = sweeper.expect(&events::sweep(&due_by().to_rfc3339())).await?;
        let cpu = sweeper.process().cpu_at_rest().await? - before;
        if report["due"] != DUE || report["failed"] != 0 || report["left"] != 0 {
            return Err(format!("{DUE} keys were due: {report}").into());
        }
        let mut used = self.meter.take()?;
        used.reads -= run.reads;
        used.writes -= run.writes;
        let peak = sweeper.process().peak_mib()?;
        sweeper.stop().await?;
        Ok((used, cpu / DUE as f64, peak))
    }
}

/// Until when the due keys are due: the others come later, those that were made here too.
fn due_by() -> DateTime<Utc> {
    machine::now() - TimeDelta::days(1)
}

/// Real keys of as many accounts, their pushes written down, and the account whose list is asked for.
async fn asked(world: &World) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    let owners: Vec<String> = (0..ASKED).map(|number| format!("asked-{number}")).collect();
    let mut publishers: Vec<Publisher> = Vec::new();
    for owner in &owners {
        publishers.push(world.latchkey.sign_in(owner).await?);
    }
    world.latchkey.put(&format!("packages/{PACKAGE}"), &json!({ "owners": owners })).await?;
    for publisher in &publishers {
        let key = world.latchkey.make_key(publisher, &typical_key()).await?;
        world.push(&key, PACKAGE).await?;
        keys.push(key);
    }
    world.latchkey.sign_in("lister").await?;
    Ok(keys)
}

/// What the tables are filled with: copies of a real account and its key.
struct Copies {
    table: Table,
    account: Item,
    key: Item,
    now: DateTime<Utc>,
}

impl Copies {
    async fn of(table: &Table) -> Result<Self> {
        let place = partition("asked-0")?;
        let (account, key) = (table.get(&place, "account").await?, table.first(&place, "key#").await?);
        Ok(Self { table: table.clone(), account, key, now: machine::now() })
    }

    /// Writes so many keys, of which none is due for a while, and their accounts.
    async fn fill(&self, keys: usize) -> Result<()> {
        let holders = keys.div_ceil(OF_ACCOUNT);
        let holder = |number: usize| format!("holder-{:06}", number % holders);
        let accounts = (0..holders).map(|number| account_item(&self.account, &holder(number)));
        self.table.put_all(accounts).await?;
        let keys = (0..keys).map(|number| {
            let seconds = TimeDelta::seconds((number % 86_400) as i64);
            let made = self.now - TimeDelta::days((number % 300) as i64) - seconds;
            key_item(&self.key, &holder(number), made, number / holders)
        });
        self.table.put_all(keys).await
    }

    /// Writes [`DUE`] keys that are due, each of an account of its own, so that in every table as many mails tell of them.
    async fn fill_due(&self) -> Result<()> {
        let holder = |number: usize| format!("due-{number:03}");
        let accounts = (0..DUE).map(|number| account_item(&self.account, &holder(number)));
        self.table.put_all(accounts).await?;
        // Made so long ago that they are warned of.
        let made = |number: usize| self.now - TimeDelta::days(357) - TimeDelta::seconds(number as i64);
        self.table.put_all((0..DUE).map(|number| key_item(&self.key, &holder(number), made(number), 0))).await
    }

    /// Writes the keys that are listed.
    async fn fill_list(&self) -> Result<()> {
        let made = |number: usize| self.now - TimeDelta::seconds(number as i64);
        self.table.put_all((0..LISTED).map(|number| key_item(&self.key, "lister", made(number), 0))).await
    }
}

fn account_item(original: &Item, holder: &str) -> Result<Item> {
    replaced(
        original,
        [
            ("pk", text(partition(holder)?)),
            ("account", text(holder)),
            ("mail", text(format!("{holder}@example.com"))),
        ],
    )
}

fn key_item(original: &Item, holder: &str, made: DateTime<Utc>, of_account: usize) -> Result<Item> {
    let account: AccountId = holder.parse()?;
    let tag = account.tag();
    let of_account = u16::try_from(of_account)?;
    let id = KeyId::new(tag, KeyNumber::new(made, of_account.to_be_bytes()));
    let ends = made + TimeDelta::days(365);
    let due = ends - TimeDelta::days(10);
    let shard = tag.as_bytes()[0] % 16;
    replaced(
        original,
        [
            ("pk", text(format!("account#{tag}"))),
            ("sk", text(format!("key#{}", id.number()))),
            ("id", text(id.to_string())),
            ("holder", text(holder)),
            ("owner", text(holder)),
            ("created_at", number(made.timestamp())),
            ("last_push_at", number(made.timestamp())),
            ("expires_at", number(ends.timestamp())),
            ("due_at", number(due.timestamp())),
            ("due_shard", text(format!("{shard:02}"))),
            ("due_key", text(format!("{:010}#{tag}#{}", due.timestamp(), id.number()))),
        ],
    )
}

fn questions(keys: &[Key]) -> Result<Vec<Value>> {
    keys.iter().map(|key| events::authorize(&key.text, PACKAGE)).collect()
}

/// Read units of a decision.
async fn reads(metered: &Environment, meter: &Meter, keys: &[Key]) -> Result<f64> {
    let events = questions(keys)?;
    let mut authorizer = Runtime::start(Function::Authorizer.command(metered, &[])?).await?;
    for event in &events {
        authorizer.expect(event).await?;
    }
    meter.take()?;
    for event in &events {
        authorizer.expect(event).await?;
    }
    let reads = meter.take()?.reads / events.len() as f64;
    authorizer.stop().await?;
    Ok(reads)
}

/// Of a decision on each of the tables: CPU seconds (of the least disturbed round), and seconds to the answer. No meter is in
/// between, and the tables take turns, so that what else the machine does falls on all of them alike.
async fn times(tables: &[Filled]) -> Result<Vec<(f64, f64)>> {
    let mut running = Vec::new();
    for table in tables {
        let authorizer = Runtime::start(Function::Authorizer.command(&table.world.services, &[])?).await?;
        running.push((authorizer, questions(&table.asked)?, Vec::new(), Vec::new()));
    }
    for round in 0..=ROUNDS {
        for (authorizer, events, cpu, took) in &mut running {
            let before = authorizer.process().cpu_at_rest().await?;
            for event in events.iter().cycle().take(DECISIONS) {
                let answer = authorizer.invoke(event).await?;
                let said = answer.said?;
                if said["statusCode"] != 200 {
                    return Err(format!("a decision: {said}").into());
                }
                took.push(answer.took);
            }
            let after = authorizer.process().cpu_at_rest().await?;
            // The first round warms up.
            if round > 0 {
                cpu.push((after - before) / DECISIONS as f64);
            }
        }
    }
    let mut times = Vec::new();
    for (authorizer, _, cpu, took) in running {
        authorizer.stop().await?;
        times.push((cpu.into_iter().fold(f64::INFINITY, f64::min), median(&took)));
    }
    Ok(times)
}

/// Read units of a page of each size, of an account that has more. The first page tells what is to be done over all keys of
/// the account, and so reads them all; the second reads itself.
async fn lists(environment: &Environment, meter: &Meter) -> Result<Vec<f64>> {
    let mut management = Runtime::start(Function::KeyManagement.command(environment, &[])?).await?;
    let mut reads = Vec::new();
    for limit in PAGES {
        let mut event = events::list("lister")?;
        event["rawQueryString"] = format!("limit={limit}").into();
        let first = page(&mut management, &event, limit).await?;
        let next = first["next"].as_str().ok_or("no second page")?;
        event["rawQueryString"] = format!("limit={limit}&after={next}").into();
        meter.take()?;
        page(&mut management, &event, limit).await?;
        reads.push(meter.take()?.reads);
    }
    management.stop().await?;
    Ok(reads)
}

async fn page(management: &mut Runtime, event: &Value, keys: usize) -> Result<Value> {
    let answer = management.expect(event).await?;
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default())?;
    match body["keys"].as_array().map(Vec::len) {
        Some(found) if found == keys => Ok(body),
        _ => Err(format!("a page of {keys} keys: {answer}").into()),
    }
}

fn told(all: &[Seen]) -> Part {
    let mut part = Part::new("Growth");
    part.say(&format!(
        "Tables of different sizes, filled with copies of one real key ({OF_ACCOUNT} an account, all in the sweeper's index, \
         {DUE} of them due) besides {ASKED} real keys that are asked about in turns. Units are what `ReturnConsumedCapacity` \
         says; CPU time is the function's own, the least of {ROUNDS} rounds of {DECISIONS} decisions, the tables taking turns. The time to the answer \
         is the stand-in engine's more than ours."
    ));
    let mut rows = vec![row![
        "keys",
        "authorize: read units",
        "CPU, µs",
        "median time to the answer, ms",
        "a due key: read units",
        "write units",
        "CPU, µs",
        "sweeper's peak, MiB"
    ]];
    for seen in all {
        rows.push(row![
            seen.keys,
            seen.reads,
            format!("{:.0}", seen.cpu * 1e6),
            format!("{:.2}", seen.answer * 1e3),
            format!("{:.2}", seen.due_reads),
            format!("{:.2}", seen.due_writes),
            format!("{:.0}", seen.due_cpu * 1e6),
            format!("{:.1}", seen.peak)
        ]);
    }
    part.table(&rows);
    let mut rows = vec![row!["keys", "a page of 10: read units", "of 50", "of 100"]];
    for seen in all {
        let mut cells = row![seen.keys];
        cells.extend(seen.lists.iter().map(f64::to_string));
        rows.push(cells);
    }
    part.table(&rows);
    part.say(
        "The first page of a list also tells what should be done over all of an account's keys, and so reads all of them; the \
         table is of a later page.",
    );
    let mut flat = |what: &str, figures: Vec<f64>| {
        let apart = spread(&figures) * 100.0;
        let limit = TOLERANCE * 100.0;
        let (reach, seen) = (format!("≤ {limit} % apart"), format!("{apart:.1} %"));
        part.target(&format!("growth: {what}"), reach, seen, apart <= limit);
    };
    let of = |figure: fn(&Seen) -> f64| all.iter().map(figure).collect::<Vec<_>>();
    flat("read units of a decision", of(|seen| seen.reads));
    flat("CPU of a decision", of(|seen| seen.cpu));
    flat("units of a due key", of(|seen| seen.due_reads + seen.due_writes));
    flat("memory of the sweeper", of(|seen| seen.peak));
    for (place, limit) in PAGES.into_iter().enumerate() {
        flat(&format!("read units of a page of {limit}"), all.iter().map(|seen| seen.lists[place]).collect());
    }
    part
}
