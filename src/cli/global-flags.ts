/** The flags that every command takes, before or after its name. */
import type { ArgsDef } from "citty";

export const globalFlags = {
	server: {
		type: "string",
		valueHint: "URL",
		description: "Server address; else OPENTACO_SERVER, the config file, http://localhost:8080",
	},
	org: {
		type: "string",
		valueHint: "NAME",
		description: "Organization to work in; else OPENTACO_ORG, else the default one",
	},
	json: { type: "boolean", description: "Write JSON; errors are one JSON line on stderr" },
	output: {
		type: "enum",
		alias: "o",
		options: ["table", "json"],
		description: "table or json; json is the same as --json",
	},
	verbose: { type: "boolean", alias: "v", description: "Tell on stderr what is sent and answered" },
	"no-color": { type: "boolean", description: "No colour and no moving text" },
	timeout: {
		type: "string",
		valueHint: "TIME",
		description: "How long to wait for an answer: 30s, 500ms, 2m (default 30s)",
	},
} as const satisfies ArgsDef;
