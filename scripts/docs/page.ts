/** What generated pages have in common. */

/** One page that is made from a registry in the code. */
export interface Page {
  /** Relative to the root. */
  readonly path: string
  readonly text: string
}

/** A page with the note that tells where to change it. */
export function page(path: string, title: string, from: string, body: readonly string[]): Page {
  const note = `<!-- Made by \`npm run generate\` from ${from}: change it there. -->`
  return { path, text: `${[`# ${title}`, note, ...body].join('\n\n')}\n` }
}

/** A table; cells may hold Markdown, and a bar in them does not end them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
