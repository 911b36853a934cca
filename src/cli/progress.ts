/** A line on stderr for what takes longer than a second: only on a terminal, gone at the end. */
import type { Io } from "./io.ts";

const showAfterMs = 1000;
const refreshMs = 200;

export interface Progress {
	/** Bytes that moved. */
	moved(bytes: number): void;
	stop(): void;
}

export const noProgress: Progress = { moved: () => undefined, stop: () => undefined };

/** `total` is null when nobody knows, and 0 for something that is only waited for. */
export function startProgress(io: Io, label: string, total: number | null): Progress {
	let done = 0;
	let shown = false;
	const draw = (): void => {
		shown = true;
		const amount =
			total === 0
				? ""
				: total === null
					? ` ${formatBytes(done)}`
					: ` ${formatBytes(done)} of ${formatBytes(total)}`;
		io.err.write(`\r\u001b[K${label}…${amount}`).catch(() => undefined);
	};
	let timer: ReturnType<typeof setInterval> | ReturnType<typeof setTimeout> = setTimeout(() => {
		draw();
		timer = setInterval(draw, refreshMs);
	}, showAfterMs);
	return {
		moved: (bytes) => {
			done += bytes;
		},
		stop: () => {
			clearTimeout(timer);
			if (shown) io.err.write("\r\u001b[K").catch(() => undefined);
		},
	};
}

const units = ["B", "KiB", "MiB", "GiB"] as const;

/** `1.5 MiB`. */
export function formatBytes(bytes: number): string {
	let amount = bytes;
	let unit = 0;
	while (amount >= 1024 && unit < units.length - 1) {
		amount /= 1024;
		unit++;
	}
	return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit]}`;
}
