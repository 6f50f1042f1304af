//! What the examples with orders share: the data of an order, its clients for the world outside, and stand-ins for that world.
//! Nothing here knows of flows.

#![allow(dead_code, reason = "each example uses its part")]

pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod mail;
pub(crate) mod money;
pub(crate) mod order;
pub(crate) mod output;
pub(crate) mod payment;
pub(crate) mod services;
pub(crate) mod stand_ins;
