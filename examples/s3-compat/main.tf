terraform {
  backend "s3" {
    bucket  = "opentaco"
    key     = "examples/s3-compat/terraform.tfstate"
    region  = "auto"
    profile = "opentaco-state-backend"

    endpoints      = { s3 = "http://localhost:8080/s3" }
    use_path_style = true
    use_lockfile   = true

    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
  }
}

resource "terraform_data" "example" {
  input = "Hello from OpenTaco"
}

output "greeting" {
  value = terraform_data.example.output
}
