//! What a decision costs once everything has been read, beside the rules of two registries.
//!
//! `cargo bench -p keys` takes times; `--count <case> <times>` instead repeats one case and does nothing else, for valgrind
//! to count its instructions, and `--list-cases` names them all. Cost must grow with the number of patterns, and for one
//! pattern never worse than its length times the id's.

use std::{hint::black_box, io::Write, process::ExitCode};

use criterion::Criterion;
use keys::{
    AccountId, KeyId, KeyNumber, KeyPrefix, KeyText, Mac, PackageId, Patterns, Pepper, PepperVersion,
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const COUNTS: [usize; 4] = [1, 10, 100, 1000];
/// NuGet's iterations (`NuGetGallery.Infrastructure.Authentication.V3Hasher`).
const ROUNDS: u32 = 10_000;

/// Something to be measured, once it is made: what is counted must not be what makes the others.
struct Case {
    name: String,
    make: Box<dyn Fn() -> Box<dyn Fn()>>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let cases = cases();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--list-cases", ..] => {
            let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
            match writeln!(std::io::stdout(), "{}", names.join("\n")) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
        ["--count", name, times, ..] => count(&cases, name, times),
        _ => {
            let mut criterion = Criterion::default().configure_from_args();
            for case in &cases {
                let run = (case.make)();
                criterion.bench_function(&case.name, |bench| bench.iter(&run));
            }
            criterion.final_summary();
            ExitCode::SUCCESS
        }
    }
}

fn count(cases: &[Case], name: &str, times: &str) -> ExitCode {
    let (Some(case), Ok(times)) = (cases.iter().find(|case| case.name == name), times.parse::<u32>()) else {
        return ExitCode::FAILURE;
    };
    let run = (case.make)();
    for _ in 0..times {
        run();
    }
    ExitCode::SUCCESS
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name: String, make: Box<dyn Fn() -> Box<dyn Fn()>>| cases.push(Case { name, make });
    for count in COUNTS {
        add(format!("decision, {count} patterns"), Box::new(move || decision(&typical(count), TYPICAL)));
        add(format!("SHA-256 and prefixes, {count} patterns"), Box::new(move || prefixes(&typical(count))));
        add(format!("PBKDF2 and regex, {count} patterns"), Box::new(move || regexes(&typical(count))));
        add(
            format!("matching, typical, {count} patterns"),
            Box::new(move || matching(&typical(count), TYPICAL)),
        );
        // As many stars as 1,000 patterns leave room for under the cap of 32 KiB.
        add(format!("matching, hostile, {count} patterns"), Box::new(move || hostile_on(count, 32, 128)));
    }
    // One pattern, and an id as long.
    for length in [32, 64, 128] {
        let name = format!("matching, hostile, 1 pattern of {length} characters on {length}");
        add(name, Box::new(move || hostile_on(1, length, length)));
    }
    let name = "matching, hostile, 32 KiB in the longest patterns".to_owned();
    add(name, Box::new(|| hostile_on(256, 128, 128)));
    cases
}

/// So many hostile patterns of this length, on an id of `a`s.
fn hostile_on(count: usize, length: usize, id: usize) -> Box<dyn Fn()> {
    let patterns: Vec<_> = (0..count).map(|number| hostile(length, number)).collect();
    matching(&patterns, &"a".repeat(id))
}

const TYPICAL: &str = "Fabrikam.Service.Core.Extensions";

/// Patterns that begin as the id does and end otherwise, so that each is tried to its end.
fn typical(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("Fabrikam.*.Part{number}")).collect()
}

/// `*a*a…b` of this many characters: every star is tried at every place, and the last letters are not there.
fn hostile(length: usize, number: usize) -> String {
    format!("{}b{number:03}", "*a".repeat(length.saturating_sub(4) / 2))
}

/// Patterns are matched against an id that none covers.
#[expect(clippy::unwrap_used, reason = "a bench's own fixed input")]
fn matching(patterns: &[String], id: &str) -> Box<dyn Fn()> {
    let (patterns, id) = (Patterns::parse(patterns).unwrap(), id.parse::<PackageId>().unwrap());
    Box::new(move || {
        black_box(black_box(&patterns).covering(black_box(&id)));
    })
}

/// Ours: the text is read, its MAC made and compared, the stored patterns read and matched.
#[expect(clippy::unwrap_used, reason = "a bench's own fixed input")]
fn decision(patterns: &[String], id: &str) -> Box<dyn Fn()> {
    let account: AccountId = "holder".parse().unwrap();
    let key = KeyId::new(account.tag(), KeyNumber::new(chrono::DateTime::UNIX_EPOCH, [1, 2]));
    let prefixes: [KeyPrefix; 1] = ["lk".parse().unwrap()];
    let text = KeyText::new(&prefixes[0], key, &Zeroizing::new([7; 32])).reveal().clone();
    let pepper = Pepper::new(PepperVersion::from(1), Zeroizing::new([9; 32]));
    let stored = Mac::from_bytes(*KeyText::parse(&prefixes, &text).unwrap().mac(&pepper).as_bytes());
    let (patterns, id) = (patterns.to_vec(), id.parse::<PackageId>().unwrap());
    Box::new(move || {
        let verified =
            KeyText::parse(&prefixes, black_box(&text)).is_ok_and(|text| text.mac(&pepper) == stored);
        let patterns = Patterns::parse(black_box(&patterns));
        black_box((verified, patterns.is_ok_and(|patterns| patterns.covering(black_box(&id)).is_some())));
    })
}

/// The Rust registry's rule: the token's SHA-256 finds it, and a scope is an exact name, a prefix before one final `*`, or
/// `*` alone.
fn prefixes(patterns: &[String]) -> Box<dyn Fn()> {
    let token = "cio0123456789012345678901234567890123";
    let stored = Sha256::digest(token.as_bytes());
    let scopes: Vec<String> = patterns.iter().map(|pattern| pattern.replace('*', "") + "*").collect();
    Box::new(move || {
        let verified = Sha256::digest(black_box(token).as_bytes()) == stored;
        let covered = black_box(&scopes).iter().any(|scope| match scope.strip_suffix('*') {
            Some(prefix) => TYPICAL.starts_with(prefix),
            None => scope == TYPICAL,
        });
        black_box((verified, covered));
    })
}

/// NuGet's rule: PBKDF2-HMAC-SHA256 of the key, and each glob a regular expression, made when it is asked.
#[expect(clippy::unwrap_used, reason = "a bench's own fixed input")]
fn regexes(patterns: &[String]) -> Box<dyn Fn()> {
    let (key, salt, patterns) =
        ("oy2abcdefghijklmnopqrstuvwxyz234567abcdefghijk", [3_u8; 16], patterns.to_vec());
    let hash = move |key: &str| {
        let mut out = [0_u8; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(key.as_bytes(), &salt, ROUNDS, &mut out);
        out
    };
    let stored = hash(key);
    Box::new(move || {
        let verified: bool = hash(black_box(key)).ct_eq(&stored).into();
        let covered = black_box(&patterns).iter().any(|pattern| {
            let glob = regex::escape(pattern).replace("\\*", ".*");
            regex::RegexBuilder::new(&format!("^{glob}$"))
                .case_insensitive(true)
                .build()
                .unwrap()
                .is_match(TYPICAL)
        });
        black_box((verified, covered));
    })
}
