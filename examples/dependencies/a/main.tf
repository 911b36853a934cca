# The unit example/a: its output changes with every apply.
terraform {
  backend "http" {
    address        = "http://localhost:8080/v1/backend/example/a"
    lock_address   = "http://localhost:8080/v1/backend/example/a"
    unlock_address = "http://localhost:8080/v1/backend/example/a"
  }
}

resource "terraform_data" "stamp" {
  input = uuid()
}

output "stamp" {
  value = terraform_data.stamp.output
}
