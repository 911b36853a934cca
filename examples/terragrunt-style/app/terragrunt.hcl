include "root" {
  path = find_in_parent_folders("root.hcl")
}

dependency "network" {
  config_path = "../network"
}

dependency "database" {
  config_path = "../database"
}

inputs = {
  zones    = dependency.network.outputs.zones
  host     = dependency.database.outputs.host
  password = dependency.database.outputs.password
}
