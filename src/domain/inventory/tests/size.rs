//! What a pod costs beyond what is shared.

use crate::domain::{id::PodId, inventory::crew::Entry};

#[test]
fn a_pod_costs_under_400_bytes_beyond_what_is_shared() {
    // The entry, the key and place in the map at its emptiest (load 7/16), three index entries at
    // twice their need, and the texts of name and uid with the counters of their `Arc`s.
    let map = (size_of::<PodId>() + size_of::<u32>().next_multiple_of(8) + 1) * 16 / 7;
    let texts = 2 * 16 + "app-1234-7c9d6f5b8-x2x8q".len().next_multiple_of(8) + 40;
    let total = size_of::<Option<Entry>>() + map + 3 * 2 * size_of::<u32>() + texts;
    assert!(total < 400, "{total} bytes, {} of them the entry", size_of::<Option<Entry>>());
}
