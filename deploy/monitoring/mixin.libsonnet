// openasg's rules and board as a monitoring mixin: (import 'mixin.libsonnet').
local rules = std.parseYaml(importstr 'openasg.rules.yml');
{
  prometheusRules+:: { groups+: [g for g in rules.groups if g.name == 'openasg-records'] },
  prometheusAlerts+:: { groups+: [g for g in rules.groups if g.name == 'openasg-alerts'] },
  grafanaDashboards+:: { 'openasg.json': (import 'openasg.json') },
}
