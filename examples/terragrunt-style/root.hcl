# Every unit below keeps its state at the same server, under its own path.
remote_state {
  backend = "s3"
  config = {
    bucket           = "opentaco"
    key              = "${path_relative_to_include()}/terraform.tfstate"
    region           = "auto"
    profile          = "opentaco-state-backend"
    endpoints        = { s3 = "http://localhost:8080/s3" }
    force_path_style = true
    use_lockfile     = true

    disable_bucket_update       = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
  }
  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }
}
