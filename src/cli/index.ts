/** The command line, as the executable's entry calls it. */
import { processIo } from "./io.ts";
import { run } from "./run.ts";

/** Runs `argv` (without the program's own name) and gives the exit code. Never throws. */
export async function main(argv: string[], options: { program: string }): Promise<number> {
	return await run(argv, { program: options.program, io: processIo() });
}
