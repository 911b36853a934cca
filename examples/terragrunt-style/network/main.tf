resource "terraform_data" "vpc" {
  input = "vpc-1"
}

output "vpc_id" {
  value = terraform_data.vpc.output
}

output "zones" {
  value = ["a", "b"]
}
