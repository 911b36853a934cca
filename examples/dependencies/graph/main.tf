# The edges between the units, kept in the system unit. See README.md beside this folder.
terraform {
  required_providers {
    opentaco = {
      source = "digger/opentaco"
    }
  }

  backend "http" {
    address        = "http://localhost:8080/v1/backend/__opentaco_system"
    lock_address   = "http://localhost:8080/v1/backend/__opentaco_system"
    unlock_address = "http://localhost:8080/v1/backend/__opentaco_system"
  }
}

provider "opentaco" {
  endpoint = "http://localhost:8080"
}

locals {
  units = toset(["example/a", "example/b", "example/c"])

  edges = {
    a_to_b = { from = "example/a", output = "stamp", to = "example/b", input = "stamp" }
    b_to_c = { from = "example/b", output = "service", to = "example/c", input = "service" }
  }
}

resource "opentaco_unit" "all" {
  for_each = local.units
  id       = each.value
}

resource "opentaco_dependency" "edges" {
  for_each = local.edges

  from_unit_id = opentaco_unit.all[each.value.from].id
  from_output  = each.value.output
  to_unit_id   = opentaco_unit.all[each.value.to].id
  to_input     = each.value.input
}
