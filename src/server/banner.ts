/** What a person at a terminal sees when the server has started. */

import { buildInfo } from "../build-info.ts";
import type { ServerConfig } from "./config.ts";

export interface Started {
	readonly config: ServerConfig;
	readonly url: string;
	/** Where the data is. */
	readonly location: string;
	readonly isDurable: boolean;
	/** Made at this start; null when there is nothing to show. */
	readonly token: string | null;
	readonly authorityPath: string | null;
}

/** The URL under which this machine reaches the server. */
export function localUrl(config: ServerConfig, port: number, isTls: boolean): string {
	const isWildcard = config.host === "0.0.0.0" || config.host === "::";
	const host = isWildcard || config.host === "127.0.0.1" ? "localhost" : config.host;
	const shown = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
	return `${isTls ? "https" : "http"}://${shown}:${port}`;
}

/** The line that makes terraform and curl trust the server's own authority. */
export function trustLine(authorityPath: string): string {
	return `export SSL_CERT_FILE=${quoted(authorityPath)}`;
}

function quoted(path: string): string {
	return /^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** The banner; plain text, ends with a newline. */
export function banner(started: Started): string {
	const { config, url, token } = started;
	const base = config.publicBaseUrl ?? url;
	const rows: [string, string][] = [
		["Listening", config.publicBaseUrl === null ? url : `${url}  (as ${base})`],
		["Storage", started.isDurable ? started.location : `${started.location}  (gone when it stops)`],
	];
	if (token !== null) rows.push(["Admin token", `${token}  (shown this once)`]);
	else rows.push(["Access", accessText(config)]);
	if (started.authorityPath !== null) rows.push(["Trust it", trustLine(started.authorityPath)]);
	rows.push(["API pages", `${base}/swagger`]);
	const lines = rows.map(([name, text]) => `  ${name.padEnd(12)} ${text}`);
	const address = `${base}/v1/backend/myapp/prod`;
	const password = token ?? "<the admin token>";
	const login =
		config.auth.kind === "disabled"
			? []
			: ["", `  export TF_HTTP_USERNAME=taco TF_HTTP_PASSWORD='${password}'`];
	return `
OpenTaco ${buildInfo.version}

${lines.join("\n")}

Point Terraform at it:
${login.join("\n")}
  terraform {
    backend "http" {
      address        = "${address}"
      lock_address   = "${address}"
      unlock_address = "${address}"
    }
  }
${cloudBlock(config, base)}
`;
}

/** Terraform takes a cloud block's host over https only, and wants a login of the browser's. */
function cloudBlock({ auth, organization }: ServerConfig, base: string): string {
	const { protocol, host } = new URL(base);
	if (protocol !== "https:" || auth.kind === "disabled") return "";
	return `
Or log in, and use a cloud block:

  terraform login ${host}
  terraform {
    cloud {
      hostname     = "${host}"
      organization = "${organization}"
      workspaces {
        name = "myapp__prod"
      }
    }
  }
`;
}

function accessText(config: ServerConfig): string {
	if (config.auth.kind === "disabled") return "everybody who reaches the port (--auth-disable)";
	return config.auth.token !== null
		? "the token in OPENTACO_ADMIN_TOKEN"
		: "the admin token that an earlier start has shown (--reset-admin-token makes a new one)";
}
