//! What processes cost, as the system counts it.

/// Clock ticks of a second, as Linux tells them to programs.
const TICKS_PER_S: f64 = 100.0;

fn stat(process: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    Some(rest.split(' ').map(str::to_owned).collect())
}

/// Milliseconds of processor of these processes.
pub(crate) fn processor_ms(processes: &[u32]) -> f64 {
    let ticks = processes.iter().copied().filter_map(stat).map(|fields| {
        let field = |at: usize| fields[at].parse::<f64>().unwrap();
        field(11) + field(12)
    });
    ticks.sum::<f64>() * 1e3 / TICKS_PER_S
}

/// Resident memory of these processes.
pub(crate) fn resident_kib(processes: &[u32]) -> u64 {
    let of = |process: &u32| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    processes.iter().filter_map(of).sum()
}

/// Percentiles in words; every value counts, none is rounded into a bucket.
pub(crate) fn percentiles(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    if values.is_empty() {
        return "nothing".to_owned();
    }
    let at = |per_mille: usize| values[(values.len() * per_mille / 1000).min(values.len() - 1)];
    let parts = [("p50", 500), ("p90", 900), ("p99", 990), ("p99.9", 999)];
    let named = parts.map(|(name, per_mille)| format!("{name} {:.0}", at(per_mille)));
    format!("{}, max {:.0} ({} reports)", named.join(", "), values[values.len() - 1], values.len())
}
