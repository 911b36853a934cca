/** The executable as a Terraform provider. */
import { runPlugin } from "./plugin/run.ts";

/** Serves until Terraform is done; ends the process. */
export async function main(name: string): Promise<void> {
	const provider = async () => (await import("./provider.ts")).opentacoProvider(process.env);
	await runPlugin(provider, name, process.env);
}
