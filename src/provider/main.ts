/** The executable as a Terraform provider. */
import { runPlugin } from "./plugin/run.ts";
import { opentacoProvider } from "./provider.ts";

/** Serves until Terraform is done; ends the process. */
export async function main(name: string): Promise<void> {
	await runPlugin(opentacoProvider(process.env), name, process.env);
}
