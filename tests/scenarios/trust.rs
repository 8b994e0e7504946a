//! The page of a trust policy, and who could become a role: keys in, screen out.

use rolecall::{config::settings::Settings, sim::world::World};

use super::{
    open_demo,
    play::{Play, start},
};

/// Opens the page of a role by its name.
async fn open_role(play: &Play, name: &str) {
    play.press("4 /");
    play.write(name);
    play.press("Enter Enter");
    play.see("LEADS TO").await;
}

#[tokio::test(start_paused = true)]
async fn enter_on_a_role_shows_who_could_become_it_and_each_of_them_opens() {
    let play = open_demo().await;
    open_role(&play, "acme-log-audit").await;
    play.line(&["by annotation", "logging/audit", "statement 1"]).await;
    play.line(&["could become it", "api-service/default", "irsa, statement 1"]).await;
    play.line(&["could become it", "checkout/cart", "irsa, statement 1"]).await;
    play.press("j j Enter");
    play.see("service account api-service/default").await;
    play.press("Esc");
    play.see("role acme-log-audit").await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_user_that_the_role_does_not_admit_is_named_and_the_policy_marked_for_it() {
    let play = open_demo().await;
    open_role(&play, "acme-payments-ledger").await;
    play.line(&["by annotation", "payments/ledger-v2", "not admitted"]).await;
    play.press("t");
    play.see("seen by payments/ledger-v2 through irsa").await;
    play.line(&["✗ ", "system:serviceaccount:payments:ledger\""]).await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn statements_are_stepped_through_with_an_answer_for_each() {
    let play = open_demo().await;
    open_role(&play, "acme-checkout-gateway").await;
    play.line(&["by association", "checkout/gateway", "statement 1"]).await;
    play.press("t");
    play.see("admits checkout:gateway by statement 1").await;
    play.line(&["J next statement", "K previous statement"]).await;
    assert!(!play.screen().contains("statement 2 of 2"), "{}", play.screen());
    play.press("J");
    play.see("statement 2 of 2").await;
    play.see("✗ Statement 2 is for").await;
    play.press("J");
    play.see("admits checkout:gateway by statement 1").await;
    play.press("?");
    play.see("All keys").await;
    play.press(&["j"; 22].join(" "));
    play.line(&["J, }", "next statement"]).await;
    play.press("Esc");
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn in_a_small_window_the_page_opens_at_the_line_that_decides() {
    let play = Play::sized(World::demo(start()).unwrap(), 80, 24, Settings::default()).await;
    play.see("all read").await;
    open_role(&play, "acme-payments-ledger").await;
    play.press("t");
    play.see("run as payments:ledger-v2").await;
    play.line(&["✗ ", "system:serviceaccount:payments:ledger\""]).await;
    play.press("g");
    play.see("\"Version\": \"2012-10-17\"").await;
    assert!(play.screen().contains("run as payments:ledger-v2"), "the answer stays\n{}", play.screen());
    play.press("> >");
    play.see("from column ").await;
    play.press("G");
    play.until("the end of the long lines", |screen| screen.contains(":ledger\"")).await;
    play.press("r g");
    play.until("the raw text", |screen| screen.contains("2012-10-17") && !screen.contains("from column")).await;
    play.leave().await;
}
