//! What a client asks of the functions, and how it writes down what it is answered.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    clients::{Board, FOR_ORGANIZATION, MADE_MEANWHILE, Proof},
    model::{Answer, Change, CreateAnswer, Seen, Shown, Slot, Standing, Step},
};
use crate::{api_event::Caller, dice::Dice};

impl Board {
    pub(super) async fn create(&self, instance: u64) {
        let (slot, call) = (MADE_MEANWHILE, self.tick());
        let once = [("idempotency-key", "history".to_owned())];
        let person = Caller::Person(&self.user);
        let (status, body) = self.doors.manage(instance, person, "POST /keys", &once, &self.wanted()).await;
        let end = self.tick();
        let answer = match (status, body["reason"].as_str()) {
            (201, _) => CreateAnswer::Made,
            (200, _) => CreateAnswer::Before(self.shown(&body["key"])),
            (409, Some("idempotency_key_used")) => CreateAnswer::Deleted,
            (403, Some("account_locked")) => CreateAnswer::Locked,
            (503, _) => CreateAnswer::Lost,
            _ => panic!("POST /keys answers {status} {}", body["reason"]),
        };
        if status < 300 {
            self.learn(slot, &body);
        }
        self.note(call, (answer != CreateAnswer::Lost).then_some(end), Step::Create { slot, answer });
    }

    pub(super) async fn change(&self, instance: u64, change: Change, dice: &mut Dice) {
        let (slot, id, version) = self.some_key(dice);
        let named = (dice.below(2) == 0).then_some(version);
        let headers: Vec<_> = named.iter().map(|named| ("if-match", format!("\"{named}\""))).collect();
        let (call, body) = match change {
            Change::Edit(scope) => (format!("PATCH /keys/{id}"), json!({ "packages": self.patterns(scope) })),
            Change::Refresh => (format!("POST /keys/{id}/refresh"), json!({})),
            Change::HandOver => (format!("POST /keys/{id}/refresh"), json!({ "hand_over_days": 7 })),
            Change::Freeze => (format!("POST /keys/{id}/freeze"), json!({})),
            Change::Thaw => (format!("POST /keys/{id}/thaw"), json!({})),
            Change::Revoke => (format!("POST /keys/{id}/revoke"), json!({})),
            Change::Delete => (format!("DELETE /keys/{id}"), Value::Null),
        };
        let begun = self.tick();
        let (status, body) =
            self.doors.manage(instance, Caller::Person(&self.user), &call, &headers, &body).await;
        let end = self.tick();
        let answer = match (status, body["reason"].as_str()) {
            (200, _) if matches!(change, Change::Refresh | Change::HandOver) => {
                self.learn(slot, &body);
                Answer::Made(Some(self.shown(&body["key"])))
            }
            (200, _) => Answer::Made(Some(self.shown(&body))),
            (204, _) => Answer::Made(None),
            (404, _) => Answer::Unknown,
            (412, _) => Answer::OtherVersion,
            (409, Some("conflict")) => Answer::Conflict,
            (409, Some("not_now")) => Answer::NotNow,
            (403, Some("account_locked")) => Answer::Locked,
            (403, Some("not_a_member")) => Answer::NotAMember,
            (503, _) => Answer::Lost,
            _ => panic!("{call} answers {status} {}", body["reason"]),
        };
        if let Answer::Made(Some(shown)) = answer {
            self.known.lock().unwrap().versions.insert(slot, shown.version);
        }
        let end = (answer != Answer::Lost).then_some(end);
        self.note(begun, end, Step::Change { slot, change, named, answer });
    }

    /// Burns a key with a text of it, right or long gone.
    pub(super) async fn burn(&self, instance: u64, dice: &mut Dice) {
        let texts: Vec<(Slot, u32, String)> = {
            let known = self.known.lock().unwrap();
            let text = |(slot, secret, proof): &(Slot, u32, Proof)| match proof {
                Proof::Text(text) => Some((*slot, *secret, text.clone())),
                Proof::Grant(_) => None,
            };
            known.proofs.iter().filter_map(text).collect()
        };
        let (slot, secret, text) = &texts[usize::try_from(dice.below(texts.len() as u64)).unwrap()];
        let call = self.tick();
        let (status, body) = self.doors.own_key(instance, "DELETE /keys/self", text).await;
        let end = self.tick();
        let answer = match status {
            200 => Answer::Made(Some(self.shown(&body))),
            // Another secret meanwhile, or deleted meanwhile: from then on the text is nobody's.
            403 | 404 | 409 => Answer::Unknown,
            503 => Answer::Lost,
            _ => panic!("DELETE /keys/self answers {status} {}", body["reason"]),
        };
        let step = Step::Burn { slot: *slot, secret: *secret, answer };
        self.note(call, (answer != Answer::Lost).then_some(end), step);
    }

    pub(super) async fn get(&self, instance: u64, dice: &mut Dice) {
        let (slot, id, _) = self.some_key(dice);
        let call = self.tick();
        let person = Caller::Person(&self.user);
        let (status, body) =
            self.doors.manage(instance, person, &format!("GET /keys/{id}"), &[], &Value::Null).await;
        let end = self.tick();
        let shown = match status {
            200 => Some(self.shown(&body)),
            404 => None,
            _ => panic!("GET /keys/{{id}} answers {status}"),
        };
        self.note(call, Some(end), Step::Get { slot, shown });
    }

    pub(super) async fn list(&self, instance: u64) {
        let call = self.tick();
        let person = Caller::Person(&self.user);
        let (status, body) =
            self.doors.manage(instance, person, "GET /keys?limit=100", &[], &Value::Null).await;
        let end = self.tick();
        assert_eq!(status, 200, "{body}");
        let ids = self.known.lock().unwrap().ids.clone();
        let slot = |id: &Value| {
            ids.iter().find(|(_, known)| **known == *id).map_or(MADE_MEANWHILE, |(slot, _)| *slot)
        };
        let list = body["keys"].as_array().unwrap().iter().map(|key| (slot(&key["id"]), self.shown(key)));
        let list: BTreeMap<Slot, Shown> = list.collect();
        assert_eq!(list.len(), body["keys"].as_array().unwrap().len(), "no key is listed twice");
        self.note(call, Some(end), Step::List(list));
    }

    /// Pushes the package, or asks for a grant without naming it, with something that was shown to be a key's once.
    pub(super) async fn push(&self, instance: u64, for_grant: bool, dice: &mut Dice) {
        let (slot, secret, proof) = {
            let known = self.known.lock().unwrap();
            // The newest are the more interesting.
            let newest =
                known.proofs.len() - 1 - usize::try_from(dice.below(4)).unwrap().min(known.proofs.len() - 1);
            known.proofs[newest].clone()
        };
        let mut body = json!({ "action": "push" });
        if !for_grant {
            body["package"] = json!(self.package);
        }
        let text = match &proof {
            Proof::Text(text) => Some(text.as_str()),
            Proof::Grant(grant) => {
                body["grant"] = json!(grant);
                // A grant that was given for the action alone stands for any package.
                None
            }
        };
        let call = self.tick();
        let (status, decision) = self.doors.ask(instance, text, &body).await;
        let end = Some(self.tick());
        let message = decision["message"].as_str().unwrap_or_default();
        let holders = message.contains(&format!("The account {} is locked", self.user));
        let (seen, standing) = match (status, decision["reason"].as_str()) {
            (503, _) => {
                // It may have handed the key over all the same.
                if !for_grant {
                    self.note(call, None, Step::Pushed { slot, secret });
                }
                return;
            }
            (200, _) if for_grant => (Seen::InForce, Some(Standing::Good)),
            (200, _) => (Seen::Good, Some(Standing::Good)),
            (_, Some("unknown")) => (Seen::Unknown, None),
            (_, Some("revoked")) => (Seen::Revoked, None),
            (_, Some("frozen")) => (Seen::Frozen, None),
            (_, Some("account_locked")) if holders => (Seen::HolderLocked, None),
            (_, Some("account_locked")) => (Seen::InForce, Some(Standing::Locked)),
            (_, Some("not_organization_member")) => (Seen::InForce, Some(Standing::NotAMember)),
            (_, Some("package_not_covered")) => (Seen::NotCovered, Some(Standing::Good)),
            (_, Some("not_package_owner")) => (Seen::NotOwned, Some(Standing::Good)),
            (_, reason) => panic!("a push is answered {status} {reason:?}"),
        };
        if let (true, Some(grant)) = (for_grant, decision["grant"].as_str()) {
            self.known.lock().unwrap().proofs.push((slot, secret, Proof::Grant(grant.to_owned())));
        }
        self.note(call, end, Step::Look { slot, secret, seen });
        if (status, for_grant) == (200, false) {
            self.note(call, end, Step::Pushed { slot, secret });
        }
        if let Some(standing) = standing.filter(|_| slot == FOR_ORGANIZATION) {
            self.note(call, end, Step::LookAtOrganization(standing));
        }
    }

    /// Tells the directory something, and writes down that it did.
    pub(super) async fn told(&self, instance: u64, step: Step, call: String, body: Value) {
        let begun = self.tick();
        let end = self.tell(instance, call, body).await.map(|()| self.tick());
        self.note(begun, end, step);
    }

    /// Tells the directory something; none if it is not known whether it was heard.
    pub(super) async fn tell(&self, instance: u64, call: String, body: Value) -> Option<()> {
        let (status, body) = self.doors.manage(instance, Caller::Gallery, &call, &[], &body).await;
        assert!(status == 200 || status == 503, "{call} answers {status} {body}");
        (status == 200).then_some(())
    }
}
