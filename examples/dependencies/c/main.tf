# The unit example/c is handed the output of example/b in a variable: this edge is declared in graph/.
terraform {
  backend "http" {
    address        = "http://localhost:8080/v1/backend/example/c"
    lock_address   = "http://localhost:8080/v1/backend/example/c"
    unlock_address = "http://localhost:8080/v1/backend/example/c"
  }
}

variable "service" {
  type = string
}

resource "terraform_data" "report" {
  input = "c of ${var.service}"
}

output "report" {
  value = terraform_data.report.output
}
