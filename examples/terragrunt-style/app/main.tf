variable "zones" {
  type = list(string)
}

variable "host" {
  type = string
}

variable "password" {
  type      = string
  sensitive = true
}

resource "terraform_data" "app" {
  for_each = toset(var.zones)
  input    = "app-${each.value} at ${var.host}"
}

output "apps" {
  value = [for app in terraform_data.app : app.output]
}
