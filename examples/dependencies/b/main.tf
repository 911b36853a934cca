# The unit example/b reads the output of example/a: this edge needs no declaration.
terraform {
  backend "http" {
    address        = "http://localhost:8080/v1/backend/example/b"
    lock_address   = "http://localhost:8080/v1/backend/example/b"
    unlock_address = "http://localhost:8080/v1/backend/example/b"
  }
}

data "terraform_remote_state" "a" {
  backend = "http"
  config = {
    address = "http://localhost:8080/v1/backend/example/a"
  }
}

resource "terraform_data" "service" {
  input = "b of ${data.terraform_remote_state.a.outputs.stamp}"
}

output "service" {
  value = terraform_data.service.output
}
