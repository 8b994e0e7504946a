//! Nothing secret leaves memory: after proofs by keys and by command every place that anything could have been written to
//! is searched for the markers of all credentials.

use std::{
    env, io,
    process::Command,
    sync::{Mutex, PoisonError},
};

use rolecall::{
    domain::change::Change,
    kubernetes::token,
    report::{self, Format, Kind, Request},
    runtime,
    sim::aws::{SECRET, SESSION_TOKEN},
};
use tracing_subscriber::fmt::MakeWriter;

use super::{
    play::{Play, start},
    *,
};

/// How every token begins: `{"alg":` in base64.
const TOKEN: &str = "eyJhbGciOi";

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn search(place: &str, text: &str) {
    for marker in [TOKEN, SECRET, SESSION_TOKEN] {
        let line = text.lines().find(|line| line.contains(marker));
        assert_eq!(line, None, "{place} holds {marker}");
    }
}

fn search_folder(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search_folder(&path);
        } else {
            search(&path.display().to_string(), &String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
}

/// Everything that can be copied about what was proven.
async fn copies(play: &Play) -> Vec<String> {
    for offer in 0..12 {
        let keys = [vec!["Y"], vec!["j"; offer], vec!["Enter"]].concat();
        play.press(&keys.join(" "));
        play.pass(Duration::from_millis(500)).await;
    }
    let copied = play.copied();
    let holds = |words: &str| copied.iter().any(|text| text.contains(words));
    assert!(holds("a session of acme-payments-api, from this machine") && holds("\"proven\": {"), "{copied:#?}");
    copied
}

#[tokio::test(start_paused = true)]
async fn neither_log_nor_screen_nor_journal_nor_data_holds_a_secret() {
    let log = Log::default();
    let most = runtime::log::filter(u8::MAX);
    let subscriber = tracing_subscriber::fmt().with_env_filter(most).with_ansi(false).with_writer(log.clone());
    // While there is one subscriber only, whether a place logs at all is asked on the thread that comes by first, which
    // may be another test's that has none.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    tracing::trace!(target: "rolecall::search", "the most that is ever written");
    let play = Play::open(World::demo(start()).unwrap()).await;
    play.see("all read").await;
    play.press("2 /");
    play.write("payments-api");
    play.press("Enter v");
    play.see("security teams").await;
    search("the screen", &play.screen());
    play.write(&play.world.cluster_name());
    play.press("Enter");
    play.see("gave a session of").await;
    search("the screen", &play.screen());
    play.press("Enter");
    play.see("proven").await;
    search("the page", &play.screen());
    play.press("Esc");
    for text in copies(&play).await {
        search("the clipboard", &text);
    }
    search_folder(play.state());
    play.leave().await;

    let mut bench = Bench::case("IRSA-SUB-MISMATCH", false).await;
    let pods = Bench::case("PI-TRUST-CONDITION", false).await;
    let proof = bench.prove().await;
    search("a proof", &format!("{proof:?} {:?}", pods.prove().await));
    bench.inventory.apply(vec![Change::Proven(Box::new(proof))], start());
    for format in Format::ALL {
        let rendered = report::render(&Request::new(Kind::Pods, format, start()), &bench.inventory).unwrap();
        search(format.word(), &rendered.stdout);
    }
    search("the inventory", &format!("{:?}", bench.inventory));
    let bytes = log.0.lock().unwrap().clone();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("the most that is ever written"), "the log was written at all");
    search("the log", &text);
}

/// Where the test below is the one that crashes.
const CRASHES: &str = "ROLECALL_TEST_CRASHES";

/// Panics while it holds a token, and tells of everything else that a proof is made with.
async fn crash() {
    let bench = Bench::case("PI-TRUST-CONDITION", false).await;
    let token = token::request_token(&bench.connection, &api(), "sts.amazonaws.com", None).await.unwrap();
    assert!(token.expose().starts_with(TOKEN), "a token is held");
    let proof = bench.prove().await;
    runtime::terminal::restore_on_panic();
    panic!("on purpose {proof:?} {:?} {:?}", bench.intent(), bench.inventory);
}

/// The test starts itself once more, to crash there.
#[tokio::test(start_paused = true)]
async fn what_a_crash_reports_holds_no_secret() {
    if env::var_os(CRASHES).is_some() {
        crash().await;
    }
    let words = ["secrets::what_a_crash_reports_holds_no_secret", "--exact", "--nocapture"];
    let mut itself = Command::new(env::current_exe().unwrap());
    let crashed = itself.args(words).env(CRASHES, "1").env("RUST_BACKTRACE", "full").output().unwrap();
    assert_eq!(crashed.status.code(), Some(101));
    let told = [crashed.stdout, crashed.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(told.contains("on purpose") && told.contains("stack backtrace"), "{told}");
    search("the crash report", &told);
}
