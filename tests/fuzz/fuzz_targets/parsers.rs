//! Checks that the full parser reads every text like the fast parser, if the fast parser accepts it.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz parsers`, in the folder of the repository. The
//! same comparison runs under a stable compiler over seeded mutations of real documents:
//! `tests/it/fast`.
#![no_main]

#[expect(dead_code, reason = "the tests count what is declined")]
#[path = "../../it/fast/same.rs"]
mod same;

use libfuzzer_sys::fuzz_target;
use rollstamp::yaml::split;

fuzz_target!(|text: &str| {
    for chunk in split::chunks(text).filter_map(Result::ok) {
        if let same::Verdict::Differs(how) = same::compare(text, chunk.span) {
            panic!("{how}");
        }
    }
});
