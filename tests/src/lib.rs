//! Journeys: whole ways through Latchkey, walked by the clients people use. They are in `journeys/`, one binary for one
//! link; this library is empty and is here because a package must have a target that is not a test.
