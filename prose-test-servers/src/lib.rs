//! The servers that the tests talk to: given, found at their standard local ports, or started in a temporary folder.
