/**
 * Runs before every test file: tests see the same environment on every machine. What a developer
 * has exported for daily work (a server's address, cloud credentials, Terraform settings) must
 * neither help nor break a test.
 */

const strangers = /^(OPENTACO_|AWS_|S3_|TF_|TOFU_|XDG_)/;
const kept = /^OPENTACO_TEST_/;

for (const name of Object.keys(process.env)) {
	if (strangers.test(name) && !kept.test(name)) delete process.env[name];
}

// No test waits for a cloud's metadata address.
process.env.AWS_EC2_METADATA_DISABLED = "true";
// Terraform must not call home from a test.
process.env.CHECKPOINT_DISABLE = "1";
process.env.TZ = "UTC";
