//! What an experiment is there to show.

use super::Lab;

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    Holds,
    Fails,
    /// It is about bits that a GPU does not promise.
    NotClaimed,
}

impl Lab {
    /// States what the experiment is there to show. If it does not hold with the book's hyper-parameters, the section fails at its end.
    pub fn claim(&mut self, sentence: impl Into<String>, holds: bool) {
        self.claims.push((sentence.into(), if holds { Finding::Holds } else { Finding::Fails }));
    }

    /// States that the tape gives certain bits. It does so on a CPU; on a GPU, whose sums have no fixed order, nothing is claimed.
    pub fn claim_of_the_tape(&mut self, sentence: impl Into<String>, holds: bool) {
        if cfg!(feature = "cuda") {
            self.claims.push((sentence.into(), Finding::NotClaimed));
        } else {
            self.claim(sentence, holds);
        }
    }

    /// Prints the claims with what the sources say on them; gives those that fail.
    pub(super) fn print_claims(&mut self) -> Vec<String> {
        let mut failures = Vec::new();
        for (i, (claim, finding)) in std::mem::take(&mut self.claims).into_iter().enumerate() {
            let space = if i == 0 { "\n" } else { "" };
            self.note_words([claim.as_str()]);
            let found = match finding {
                Finding::Holds => "holds",
                Finding::Fails => "DOES NOT HOLD",
                Finding::NotClaimed => "not claimed on a GPU",
            };
            self.print_in_each(|language| {
                let [tag, claim, found] = ["Claim", &claim, found].map(|text| language.say(text));
                format!("{space}[{tag}] {claim}{}{found}\n", language.choose(": ", "："))
            });
            if finding == Finding::NotClaimed {
                continue;
            }
            self.print_answers(&claim, finding == Finding::Holds);
            failures.extend((finding == Finding::Fails).then(|| format!("the claim does not hold: {claim}")));
        }
        failures
    }
}
