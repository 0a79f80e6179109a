//! Contract, flow and tidy tests of Saring; the tests stand beside this file.
