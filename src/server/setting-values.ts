/** Collects the settings from the command line and the environment; a flag goes before a variable. */
import { type Setting, type SettingKey, settings } from "./setting-table.ts";

/** A setting that cannot be used. The message names it and the rule, never a secret value. */
export class ConfigError extends Error {
	constructor(message: string) {
		super(message);
		this.name = "ConfigError";
	}
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Given {
	/** As it was written: `--port` or `OPENTACO_PORT`. */
	readonly source: string;
	readonly text: string;
}

export type GivenSettings = ReadonlyMap<SettingKey, Given>;

const byFlag: ReadonlyMap<string, Setting> = new Map(
	settings.flatMap((setting) => (setting.flag === null ? [] : [[setting.flag, setting] as const])),
);

/**
 * Reads `--flag value`, `--flag=value` and the same with one dash; a boolean flag stands alone, or
 * has `=true` or `=false`, or is turned off by `--no-`. An empty variable counts as unset.
 * Throws ConfigError.
 */
export function collectSettings(argv: readonly string[], environment: Environment): GivenSettings {
	const given = new Map<SettingKey, Given>();
	for (const setting of settings) {
		for (const name of setting.variables) {
			const text = environment[name];
			if (text === undefined || text.trim() === "") continue;
			given.set(setting.key, { source: name, text: text.trim() });
			break;
		}
	}
	const rest = [...argv];
	for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
		const { setting, source, inline, isNegated } = readFlag(word);
		if (setting.kind === "boolean") {
			if (isNegated && inline !== null) throw new ConfigError(`${source}: takes no value`);
			given.set(setting.key, { source, text: isNegated ? "false" : (inline ?? "true") });
			continue;
		}
		const text = inline ?? rest.shift();
		if (text === undefined || (inline === null && text.startsWith("--"))) {
			throw new ConfigError(`${source}: needs a value`);
		}
		given.set(setting.key, { source, text: text.trim() });
	}
	return given;
}

interface ReadFlag {
	readonly setting: Setting;
	readonly source: string;
	readonly inline: string | null;
	readonly isNegated: boolean;
}

function readFlag(word: string): ReadFlag {
	const match = /^--?([a-z0-9][a-z0-9-]*)(?:=(.*))?$/is.exec(word);
	if (match?.[1] === undefined) {
		throw new ConfigError("`taco serve` takes no arguments besides flags; see `taco serve --help`");
	}
	const inline = match[2] ?? null;
	const name = match[1].toLowerCase();
	const positive = name.startsWith("no-") ? byFlag.get(name.slice("no-".length)) : undefined;
	const setting = byFlag.get(name) ?? (positive?.kind === "boolean" ? positive : undefined);
	if (setting === undefined) throw unknownFlag(name);
	return { setting, source: `--${name}`, inline, isNegated: setting === positive };
}

function unknownFlag(name: string): ConfigError {
	const nearest = nearestFlag(name);
	return new ConfigError(
		nearest === null
			? `unknown flag --${name}; see \`taco serve --help\``
			: `unknown flag --${name}; did you mean --${nearest}?`,
	);
}

function nearestFlag(name: string): string | null {
	let best: string | null = null;
	let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
	for (const flag of byFlag.keys()) {
		const distance = editDistance(name.slice(0, 64), flag);
		if (distance < bestDistance) {
			best = flag;
			bestDistance = distance;
		}
	}
	return best;
}

function editDistance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
		}
		row = next;
	}
	return row[b.length] ?? 0;
}

const settingByKey: ReadonlyMap<SettingKey, Setting> = new Map(
	settings.map((setting) => [setting.key, setting]),
);

/** Gives the values their types; every error names the setting as it was given. */
export class SettingReader {
	readonly #given: GivenSettings;

	constructor(given: GivenSettings) {
		this.#given = given;
	}

	/** How the setting was given, for messages; its own flag or variable when it was not. */
	nameOf(key: SettingKey): string {
		const setting = settingByKey.get(key);
		return (
			this.#given.get(key)?.source ??
			(setting?.flag == null ? (setting?.variables[0] ?? key) : `--${setting.flag}`)
		);
	}

	isGiven(key: SettingKey): boolean {
		return this.#given.has(key);
	}

	text(key: SettingKey): string | null {
		const given = this.#given.get(key);
		if (given === undefined) return null;
		if (given.text === "") throw new ConfigError(`${given.source}: is empty`);
		return given.text;
	}

	choice<T extends string>(key: SettingKey, choices: readonly T[]): T | null {
		const text = this.text(key)?.toLowerCase();
		if (text === undefined) return null;
		const found = choices.find((choice) => choice === text);
		if (found === undefined) {
			throw new ConfigError(`${this.nameOf(key)}: must be one of ${choices.join(", ")}`);
		}
		return found;
	}

	boolean(key: SettingKey): boolean | null {
		const text = this.text(key)?.toLowerCase();
		if (text === undefined) return null;
		if (["true", "1", "yes", "on"].includes(text)) return true;
		if (["false", "0", "no", "off"].includes(text)) return false;
		throw new ConfigError(`${this.nameOf(key)}: must be true or false`);
	}

	number(key: SettingKey): number | null {
		const text = this.text(key);
		if (text === null) return null;
		return this.#inRange(key, /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN);
	}

	bytes(key: SettingKey): number | null {
		const text = this.text(key);
		if (text === null) return null;
		const match = /^([0-9]{1,15})\s*(?:([KMGT])(?:i?B)?|B)?$/i.exec(text);
		const power = "KMGT".indexOf((match?.[2] ?? "").toUpperCase() || " ") + 1;
		return this.#inRange(key, match === null ? Number.NaN : Number(match[1]) * 1024 ** power);
	}

	list(key: SettingKey): string[] {
		const items = this.text(key)?.split(",") ?? [];
		return items.map((item) => item.trim()).filter((item) => item !== "");
	}

	#inRange(key: SettingKey, value: number): number {
		const setting = settingByKey.get(key);
		const minimum = setting?.minimum ?? 0;
		const maximum = setting?.maximum ?? Number.MAX_SAFE_INTEGER;
		if (Number.isNaN(value) || value < minimum || value > maximum) {
			const range =
				setting?.maximum === undefined
					? `${minimum} or more`
					: `from ${minimum} to ${setting.maximum}`;
			throw new ConfigError(`${this.nameOf(key)}: must be a whole number, ${range}`);
		}
		return value;
	}
}
