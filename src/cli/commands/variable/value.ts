/** Where a variable's value comes from: the argument, a file, stdin or the terminal. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileError } from "../../../client/credentials/local-file-error.ts";
import type { Cli } from "../../context.ts";
import { usageError } from "../../errors.ts";

const valueBytesMax = 64 * 1024;

/** The bytes of the file as they are. @throws CliError `usage`, ClientError. */
export async function valueInFile(cli: Cli, file: string): Promise<string> {
	const path = resolve(cli.io.cwd, file);
	try {
		if ((await stat(path)).size > valueBytesMax)
			throw usageError("the file is too long for a value");
		return await readFile(path, "utf8");
	} catch (error) {
		throw fileError("read", file, error);
	}
}

/** One line that is asked for on a terminal; else all of stdin, without a line break at its end. */
export async function askedValue(cli: Cli, isHidden: boolean): Promise<string> {
	if (cli.interactive) {
		await cli.io.err.write("Value: ");
		const line = await cli.io.in.readLine({ hidden: isHidden, signal: cli.signal });
		if (isHidden) await cli.io.err.write("\n");
		return line ?? "";
	}
	let text = "";
	const decoder = new TextDecoder();
	for await (const chunk of cli.io.in.stream()) {
		text += decoder.decode(chunk, { stream: true });
		if (text.length > valueBytesMax) throw usageError("what is on stdin is too long for a value");
	}
	return text.replace(/\r?\n$/, "");
}
