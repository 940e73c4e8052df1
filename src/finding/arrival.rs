//! How late a change of values reaches an object of Flux.

/// Completes "a change arrives ...". A change arrives at once if Flux watches the source, and if
/// the source is named after its content, because the object that names it then changes too.
/// Otherwise it arrives within the interval of the controller, as it is written.
pub fn arrival(is_at_once: bool, interval: &str) -> String {
    match (is_at_once, interval) {
        (true, _) => "at once".to_owned(),
        (false, "") => "up to `spec.interval` late".to_owned(),
        (false, interval) => format!("up to {interval} (`spec.interval`) late"),
    }
}
