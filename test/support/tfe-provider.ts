/** The vendor's provider hashicorp/tfe, where a build of it is given. */
import { dirname, join } from "node:path";

/** A build of the provider; OPENTACO_TEST_TFE_PROVIDER names it. Says loudly when there is none. */
export function tfeProviderOrSkip(what: string): string | null {
	const program = process.env.OPENTACO_TEST_TFE_PROVIDER;
	if (program !== undefined) return program;
	process.stderr.write(
		`\nSKIPPED: ${what}: OPENTACO_TEST_TFE_PROVIDER does not name a build of terraform-provider-tfe\n`,
	);
	return null;
}

/** Writes a configuration of the client that takes the provider from there; gives its path. */
export async function tfeProviderOverrides(program: string, folder: string): Promise<string> {
	const path = join(folder, "overrides.tfrc");
	await Bun.write(
		path,
		`provider_installation {
  dev_overrides { "hashicorp/tfe" = "${dirname(program)}" }
  direct {}
}
`,
	);
	return path;
}
