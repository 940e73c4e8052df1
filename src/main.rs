//! The program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    match rollstamp::cli::run(std::env::args_os()) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            rollstamp::cli::complain(&error);
            ExitCode::from(rollstamp::cli::Exit::Trouble as u8)
        }
    }
}
