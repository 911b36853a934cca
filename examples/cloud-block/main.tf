terraform {
  cloud {
    hostname     = "localhost:8080"
    organization = "default"

    workspaces {
      name = "myapp__prod"
    }
  }
}

variable "greeting" {
  type    = string
  default = "hello"
}

resource "terraform_data" "greeting" {
  input = var.greeting
}

output "greeting" {
  value = terraform_data.greeting.output
}
