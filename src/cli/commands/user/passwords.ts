/** A new password: asked for twice on a terminal, one line of stdin otherwise. */
import type { Cli } from "../../context.ts";
import { CliError, usageError } from "../../errors.ts";

const pipedBytesMax = 4096;

export async function newPassword(cli: Cli): Promise<string> {
	if (!cli.interactive) {
		let text = "";
		const decoder = new TextDecoder();
		for await (const chunk of cli.io.in.stream()) {
			text += decoder.decode(chunk, { stream: true });
			if (text.length > pipedBytesMax)
				throw usageError("what is on stdin is too long for a password");
		}
		const password = text.replace(/\r?\n$/, "");
		if (password === "") throw usageError("a password is needed", "write it to stdin");
		return password;
	}
	const ask = async (prompt: string): Promise<string> => {
		await cli.io.err.write(prompt);
		const line = await cli.io.in.readLine({ hidden: true, signal: cli.signal });
		await cli.io.err.write("\n");
		return line ?? "";
	};
	const first = await ask("New password: ");
	if (first !== (await ask("The same again: "))) {
		throw new CliError("declined", "the two are not the same", "nothing was changed");
	}
	return first;
}
