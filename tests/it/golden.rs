//! Stamps that can never change: a new one would roll every stamped workload of every user.
