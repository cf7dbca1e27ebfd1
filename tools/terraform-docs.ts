/** A variable or an output of a Terraform module, as far as its README tells of it. */
export interface Documented {
  readonly name: string;
  /** Empty where there is none. */
  readonly description: string;
  /** Without line breaks; null for an output. */
  readonly type: string | null;
  /** As it is written; null where the variable is required, and for an output. */
  readonly default: string | null;
}

/** The value of an argument of a block that `terraform fmt` has laid out, joined to one line; null where it is left out. */
function argumentOf(block: string, name: string): string | null {
  const first = new RegExp(`^  ${name}\\s+= (.*)$`, 'm').exec(block);
  if (first === null) return null;
  const lines = [first[1] ?? ''];
  if (/[({[]$/.test(lines[0] ?? '')) {
    for (const line of block.slice(first.index + first[0].length + 1).split('\n')) {
      lines.push(line.trim().replace(/\s+= /, ' = '));
      if (/^ {2}[)}\]]/.test(line)) break;
    }
  }
  return lines
    .reduce((text, line) => {
      if (/[({[]$/.test(text)) return `${text} ${line}`;
      return /^[)}\]]/.test(line) ? `${text} ${line}` : `${text}, ${line}`;
    })
    .trim();
}

/** Reads the blocks of one kind from a file that `terraform fmt` has laid out, in the file's order. */
export function blocksOf(kind: 'variable' | 'output', file: string): Documented[] {
  const found: Documented[] = [];
  for (const [, name = '', block = ''] of file.matchAll(
    new RegExp(`^${kind} "(\\w+)" \\{\\n([\\s\\S]*?)^\\}$`, 'gm'),
  )) {
    const description = argumentOf(block, 'description');
    found.push({
      name,
      description: description === null ? '' : (JSON.parse(description) as string),
      type: argumentOf(block, 'type'),
      default: argumentOf(block, 'default'),
    });
  }
  return found;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The README's table of inputs. */
export function inputTable(variables: readonly Documented[]): string {
  const rows = variables.map((one) => {
    const fallback = one.default === null ? 'required' : `\`${cell(one.default)}\``;
    return `| ${one.name} | ${cell(one.description)} | \`${cell(one.type ?? '')}\` | ${fallback} |`;
  });
  return ['| name | description | type | default |', '|---|---|---|---|', ...rows].join('\n');
}

/** The README's table of outputs. */
export function outputTable(outputs: readonly Documented[]): string {
  const rows = outputs.map((one) => `| ${one.name} | ${cell(one.description)} |`);
  return ['| name | description |', '|---|---|', ...rows].join('\n');
}
