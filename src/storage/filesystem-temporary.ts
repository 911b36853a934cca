/**
 * Names of temporary files and the sweep of those that dead processes left. Several processes, also
 * of several containers or machines, may share the folder: only a file whose process is known to be
 * dead goes at once; a file of another machine or container goes when it is very old.
 */

import { readFileSync, readlinkSync } from "node:fs";
import { lstat, readdir, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

const strangersAgeMaxMs = 24 * 60 * 60 * 1000;

/** Where process ids mean the same: this boot of this machine, in this process namespace. */
function hostTag(): string {
	const parts = [hostname()];
	try {
		parts.push(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
		parts.push(readlinkSync("/proc/self/ns/pid"));
	} catch {
		// Not Linux: the host's name has to do.
	}
	return new Bun.CryptoHasher("sha256").update(parts.join("\n")).digest("hex").slice(0, 12);
}

/** When a process started, in ticks since boot, or null where that cannot be known. */
function processStart(pid: number): string | null {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		// The command's name, in parentheses, may contain anything; field 22 is the 20th after it.
		return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
	} catch {
		return null;
	}
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}

/** What the names of this process's temporary files start with: host, pid and start. */
export function temporaryTag(): string {
	return `${hostTag()}.${process.pid}.${processStart(process.pid) ?? "0"}`;
}

/**
 * Removes the temporary files of processes that are dead. `nowMs` is the wall clock, for the age of
 * files whose process cannot be looked up from here.
 */
export async function sweepTemporaries(directory: string, nowMs: number): Promise<void> {
	const host = hostTag();
	for (const name of await readdir(directory)) {
		const path = join(directory, name);
		const [fileHost, pidText, start] = name.split(".");
		const pid = Number(pidText);
		const known = fileHost === host && Number.isSafeInteger(pid) && pid > 0;
		const dead = known
			? !isAlive(pid) || (processStart(pid) ?? start) !== start
			: await isOlder(path, nowMs - strangersAgeMaxMs);
		if (dead) await unlink(path).catch(() => {});
	}
}

async function isOlder(path: string, timeMs: number): Promise<boolean> {
	return lstat(path).then(
		(info) => info.isFile() && info.mtimeMs < timeMs,
		() => false,
	);
}
