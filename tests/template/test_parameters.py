"""What the parameters take and refuse. CloudFormation's patterns are Java's; these are the same in both."""

import re
import unittest

from translated import translated

PARAMETERS = translated()["Parameters"]

TAKEN = {
    "GalleryOrigin": ["https://gallery.example.com", "https://gallery.example.com:8443", "http://127.0.0.1:8080"],
    "KeysPageUrl": ["https://keys.example.com/", "http://localhost:8080/"],
    "KeysPageOrigin": ["https://keys.example.com"],
    "ManagementOrigin": ["", "https://keys-api.example.com"],
    "TokenIssuer": ["https://sign-in.example.com/tenant/", "http://127.0.0.1:8080/local"],
    "TokenAudience": ["latchkey", "api://latchkey"],
    "AccountClaim": ["sub", "custom:account", "https://example.com/account"],
    "KeyPrefixes": ["lk", "example,lk"],
    "OfferedLifetimesDays": ["365", "1,90,365"],
    "LeakReporters": [
        "",
        "GitHub=https://api.github.com/meta/public_keys/secret_scanning",
        "A=https://a.example/keys?format=json,the local scanner=http://127.0.0.1:8080/keys",
    ],
    "MailFrom": ["keys@example.com", "no-reply+keys@mail.example.com"],
    "MailFromName": ["", "Example Gallery"],
    "MailIdentity": ["example.com", "keys@example.com"],
    "AlarmMail": ["", "operators@example.com"],
}

REFUSED = {
    "GalleryOrigin": ["http://gallery.example.com", "https://gallery.example.com/", "gallery.example.com"],
    "KeysPageUrl": ["http://keys.example.com/", "keys.example.com"],
    "KeysPageOrigin": ["https://keys.example.com/", "*"],
    "ManagementOrigin": ["https://keys-api.example.com/", "http://keys-api.example.com"],
    "TokenIssuer": ["http://sign-in.example.com", "https://sign-in.example.com/?tenant=1"],
    "TokenAudience": ["", "a b"],
    "AccountClaim": ["", "a claim"],
    "KeyPrefixes": ["", "l", "LK", "lk, ex", "toolongone"],
    "OfferedLifetimesDays": ["", "1, 2", "1000"],
    "LeakReporters": ["GitHub", "https://a.example", "=https://a.example", "A=http://a.example", "A=https://a,"],
    "MailFrom": ["Name <keys@example.com>", "keys", "a b@example.com", "a@b@c"],
    "MailFromName": ['"Example"', "<Example>", "Example\\", "Beispiel-Größe"],
    "MailIdentity": ["", "a b"],
    "AlarmMail": ["operators", "a b@example.com"],
}


class Parameters(unittest.TestCase):
    def test_each_pattern_takes_what_it_should(self):
        for name, values in TAKEN.items():
            for value in values:
                with self.subTest(name, value=value):
                    self.assertTrue(self.takes(name, value))

    def test_each_pattern_refuses_what_it_should(self):
        for name, values in REFUSED.items():
            for value in values:
                with self.subTest(name, value=value):
                    self.assertFalse(self.takes(name, value))

    def test_no_pattern_was_left_out_above(self):
        patterns = {name for name, parameter in PARAMETERS.items() if "AllowedPattern" in parameter}
        self.assertEqual((set(TAKEN), set(REFUSED)), (patterns, patterns))

    def takes(self, name: str, value: str) -> bool:
        return re.fullmatch(PARAMETERS[name]["AllowedPattern"], value) is not None
