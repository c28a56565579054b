"""A template that cannot be understood, or one that would be sent as it stands.

A string with `{{ }}` or `{% %}` is a Jinja template. Beside Jinja's own filters it knows `phone digits number integer boolean date datetime
url_param regex sha256 json truncate`. Inside `{value: …}` nothing is filled in: that is a constant, so a template there is a warning.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields:
          phone: "{{ contact.phone | fone }}"
          managerComment: "{{ status_name }"
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields:
          phone: "{{ contact.phone | phone }}"
          managerComment: "{{ status_name }}"
```
"""

from apimonster_cli.bundles.draft import Draft
from apimonster_cli.bundles.nodes import Mapping, Scalar
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.targets import targets
from apimonster_cli.values.template import is_template

NAME = "template"


def check(draft: Draft, report: Report) -> None:
    """Warn of templates inside `value:`; broken ones are told by the compiler of the field map."""
    for bundle in draft.bundles:
        for step in bundle.all_steps:
            for target in targets(step.fields_node) if step.fields_node else ():
                constant = target.node.get("value") if isinstance(target.node, Mapping) else None
                if isinstance(constant, Scalar) and isinstance(constant.value, str) and is_template(constant.value):
                    message = "inside value: this is sent as it stands; write the template without value:"
                    report.at(constant, NAME, message, severity="warning")
