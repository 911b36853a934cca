/**
 * Notices that the `npm` which started this script has ended. npm passes a signal on to the shell
 * that it starts, which ends without passing it on: what runs below would live on, unseen.
 */
import { readFileSync } from "node:fs";
import { output } from "./run-command.ts";

interface Process {
	readonly pid: number;
	readonly parent: number;
	readonly command: string;
}

const generationsMax = 8;

/** Calls `onEnd` once when one of the processes between this one and `npm` (included) is gone. */
export function watchNpm(onEnd: () => void, intervalMs = 1000): void {
	const chain = ancestorsUpToNpm();
	if (chain.length === 0) return;
	const timer = setInterval(() => {
		if (chain.every(({ pid, parent }) => look(pid)?.parent === parent)) return;
		clearInterval(timer);
		onEnd();
	}, intervalMs);
	timer.unref();
}

/** This process and its ancestors below the outermost `npm`, each with the parent it should have. */
function ancestorsUpToNpm(): Process[] {
	const line: Process[] = [];
	let current = look(process.pid);
	while (current !== null && current.pid > 1 && line.length < generationsMax) {
		line.push(current);
		current = look(current.parent);
	}
	const outermost = line.findLastIndex(({ command }) => /^(?:npm|npx)\b/.test(command));
	return line.slice(0, Math.max(outermost, 0));
}

function look(pid: number): Process | null {
	if (process.platform === "win32") return null;
	return process.platform === "linux" ? lookInProc(pid) : lookWithPs(pid);
}

function lookInProc(pid: number): Process | null {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		// The name stands in brackets and may hold anything, brackets too.
		const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
		const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
		return { pid, parent, command };
	} catch {
		return null;
	}
}

function lookWithPs(pid: number): Process | null {
	const line = output(["ps", "-o", "ppid=,args=", "-p", String(pid)]);
	const found = /^\s*(\d+)\s+(.*)$/.exec(line ?? "");
	return found === null ? null : { pid, parent: Number(found[1]), command: found[2] ?? "" };
}
