//! How late a change of values reaches an object of Flux.

/// Completes "a change arrives ...": at once where Flux watches the source, and where the source is named
/// after its content, because the object that names it then changes with it; else up to the interval in
/// which its controller looks, as it is written.
pub fn arrival(is_at_once: bool, interval: &str) -> String {
    match (is_at_once, interval) {
        (true, _) => "at once".to_owned(),
        (false, "") => "up to `spec.interval` late".to_owned(),
        (false, interval) => format!("up to {interval} (`spec.interval`) late"),
    }
}
