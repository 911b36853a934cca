/** Opens an address in the user's browser, and says it in any case. */
import type { Cli } from "../context.ts";

/** Prints the address; opens it unless the user does not want that or there is no terminal. */
export async function showAddress(cli: Cli, url: string, opens: boolean): Promise<void> {
	await cli.io.err.write(`Log in at this address:\n\n  ${url}\n\n`);
	if (!opens || !cli.interactive) return;
	const command =
		process.platform === "darwin"
			? ["open", url]
			: process.platform === "win32"
				? ["rundll32", "url.dll,FileProtocolHandler", url]
				: ["xdg-open", url];
	try {
		// No shell: the address is one argument whatever it holds.
		Bun.spawn(command, { stdio: ["ignore", "ignore", "ignore"] }).unref();
	} catch {
		// The address was printed.
	}
}
