import type { Passthrough } from "../command.ts";
import { programSummary } from "../registry.ts";

/** `taco help unit ls` is `taco unit ls --help`. */
const help: Passthrough = {
	async passthrough(argv, cli) {
		const { run } = await import("../run.ts");
		const words = argv.filter((word) => word !== "--");
		return await run([...words, "--help"], { program: cli.program, io: cli.io });
	},
	help: async () => `Usage: taco help [command…]\n\n${programSummary}\n`,
};

export default help;
