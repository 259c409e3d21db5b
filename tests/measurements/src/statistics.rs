//! Middle values: what a few disturbed runs cannot move.

/// The value that as many are below as above. Zero of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50.0)
}

/// The smallest value that `percent` of all do not exceed. Zero of none.
pub(crate) fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let mut rank = 0;
    while rank + 1 < values.len() && ((rank + 1) as f64) < values.len() as f64 * percent / 100.0 {
        rank += 1;
    }
    values.get(rank).copied().unwrap_or_default()
}

/// By how much the largest exceeds the smallest, as a part of the smallest.
pub(crate) fn spread(values: &[f64]) -> f64 {
    let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (largest - smallest) / smallest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!((percentile(&values, 50.0), percentile(&values, 99.0)), (50.0, 99.0));
        assert_eq!((percentile(&values, 100.0), percentile(&[7.0], 99.0)), (100.0, 7.0));
        assert_eq!(median(&[]), 0.0);
    }
}
