//! What every bus has to do, as one list of small cases.
