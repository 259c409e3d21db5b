//! What matching costs: typical ids, and the most hostile pattern and id that the caps let through.
//!
//! `cargo bench -p keys`. Cost must grow with the number of patterns, and for one pattern never worse than its length
//! times the id's.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use keys::{PackageId, Patterns};

#[expect(clippy::unwrap_used, reason = "a bench's own fixed input")]
fn id(text: &str) -> PackageId {
    text.parse().unwrap()
}

#[expect(clippy::unwrap_used, reason = "a bench's own fixed input")]
fn patterns(texts: &[String]) -> Patterns {
    Patterns::parse(texts).unwrap()
}

/// Patterns that begin as the id does and end otherwise, so that each is tried to its end.
fn typical(count: usize) -> Patterns {
    patterns(&(0..count).map(|number| format!("Fabrikam.*.Part{number}")).collect::<Vec<_>>())
}

/// `*a*a…*b` of 128 characters, `stars` of them stars: every star is tried at every place, and the last letter is not
/// there. 1,000 such patterns would be over the cap of 32 KiB; 256 are the most.
fn hostile(count: usize, stars: usize) -> Patterns {
    let one = |number: usize| {
        let head = "*a".repeat(stars);
        format!("{head}{}b{number:03}", "a".repeat(124 - 2 * stars))
    };
    patterns(&(0..count).map(one).collect::<Vec<_>>())
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("covering");
    for count in [1, 10, 100, 1000] {
        let (patterns, id) = (typical(count), id("Fabrikam.Service.Core.Extensions"));
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("typical", count), |bench| {
            bench.iter(|| black_box(&patterns).covering(black_box(&id)));
        });
    }
    for (count, stars) in [(1, 1), (1, 8), (1, 62), (256, 62)] {
        let (patterns, id) = (hostile(count, stars), id(&"a".repeat(128)));
        group.throughput(Throughput::Elements(count as u64));
        let name = format!("{count} patterns of {stars} stars");
        group.bench_function(BenchmarkId::new("hostile", name), |bench| {
            bench.iter(|| black_box(&patterns).covering(black_box(&id)));
        });
    }
    group.finish();
    criterion.final_summary();
}
