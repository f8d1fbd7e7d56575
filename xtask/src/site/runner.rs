//! What a page needs so that its section can be run in the browser.

use super::{golden::Golden, language::Language};
use anyhow::Result;
use common::registry::{Chapter, Edition, Section};
use std::path::Path;

/// Sections that read the files of MNIST, which are too large to be sent with a page.
const READS_MNIST: &[&str] = &[
    "batch-size",
    "batch-size-iterations",
    "batch-size-or-lr",
    "adamw",
    "optimizers-mnist",
    "batch-norm-mnist",
    "layer-norm-mnist",
];

/// A section that can be run on its page.
#[derive(Debug)]
pub(super) struct Runner {
    /// The edition that the form shows at first.
    pub(super) edition: Edition,
    pub(super) fingerprint: String,
    /// The section whose results this one reads, and the flags that it is run with first.
    pub(super) needs: &'static str,
    pub(super) needs_flags: String,
    pub(super) strings: String,
}

impl Runner {
    /// The runner of a section; none of one that takes long or reads MNIST.
    ///
    /// # Errors
    /// If a golden file is missing.
    pub(super) fn new(root: &Path, (chapter, section): (&Chapter, &Section), language: Language) -> Result<Option<Self>> {
        if chapter.name == "mnist-mlp" || READS_MNIST.contains(&section.id) {
            return Ok(None);
        }
        let edition = section.quick();
        let needed = chapter.needed(section, edition);
        Ok(Some(Self {
            fingerprint: Golden::read(root, chapter, section, edition)?.fingerprint,
            needs: needed.map_or("", |(needed, _)| needed.id),
            needs_flags: needed.map(|(_, edition)| edition.flags.join(" ")).unwrap_or_default(),
            strings: strings(language).to_string(),
            edition,
        }))
    }

    /// What a flag's field shows at first, where that is not the flag's default.
    pub(super) fn value(&self, flag: &str) -> Option<&'static str> {
        let wanted = format!("--{flag}");
        let place = self.edition.flags.iter().position(|&given| given == wanted)?;
        self.edition.flags.get(place + 1).copied().filter(|value| !value.starts_with("--"))
    }

    /// Whether a switch is on at first.
    pub(super) fn is_on(&self, flag: &str) -> bool {
        self.edition.flags.iter().any(|given| given.strip_prefix("--") == Some(flag))
    }
}

/// What the program of the page says.
fn strings(language: Language) -> serde_json::Value {
    let say = |english, chinese| language.say(english, chinese);
    serde_json::json!({
        "loading": say("Fetching the program …", "正在读取程序……"),
        "running": say("Running …", "运行中……"),
        "stopped": say("Stopped.", "已停止。"),
        "failed": say("The run failed:", "运行失败："),
        "same": say("The same bits as in the golden file: {fingerprint}", "与标准文件逐比特相同：{fingerprint}"),
        "other": say("Other bits than in the golden file: {fingerprint} instead of {expected}. Please report this.", "与标准文件不同：应为{expected}，得到{fingerprint}。请反馈。"),
        "own": say("Your settings; fingerprint {fingerprint}", "自选的设置；指纹{fingerprint}"),
        "done": say("Done in {seconds} s.", "用时{seconds}秒。"),
        "runs": say("Runs on this page", "本页的运行"),
        "settings": say("settings", "设置"),
        "book": say("as in the golden file", "标准文件的设置"),
        "fingerprint": say("fingerprint", "指纹"),
        "time": say("time", "用时"),
        "show": say("Show", "查看"),
        "download": say("Download", "下载"),
        "copy": say("Copy a link to this run", "复制本次运行的链接"),
        "copied": say("Copied.", "已复制。"),
        "ofThisRun": say("of this run", "本次运行"),
        "ofTheGolden": say("as in the golden file", "标准文件"),
        "curves": say("Curves of the runs", "各次运行的曲线"),
        "curve": say("curve", "曲线"),
    })
}
