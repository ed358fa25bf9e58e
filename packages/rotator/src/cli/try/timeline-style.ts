/** One colour for each role, where the reader's system prefers a light or a dark page. */
const LIGHT = {
  ...{ back: '#ffffff', ink: '#1f2430', soft: '#6b7280', line: '#e5e7eb', band: '#e8ecf2' },
  ...{ user0: '#3b82f6', user1: '#f59e0b', bad: '#dc2626', step: '#64748b' },
}
const DARK: typeof LIGHT = {
  ...{ back: '#12151c', ink: '#e5e7eb', soft: '#9aa4b2', line: '#2a303c', band: '#252c3a' },
  ...{ user0: '#60a5fa', user1: '#fbbf24', bad: '#f87171', step: '#8b9bb1' },
}

function palette(colour: typeof LIGHT): string {
  const fills = ['back', 'band', 'user0', 'user1', 'step', 'bad', 'soft'] as const
  return [
    `text { fill: ${colour.ink} }`,
    ...fills.map((name) => `.${name} { fill: ${colour[name]} }`),
    `.halo { stroke: ${colour.back} }`,
    `.line { stroke: ${colour.line} }`,
    `.mark { stroke: ${colour.bad} }`,
  ].join('\n')
}

/** The style sheet of the timeline. It loads nothing and needs no variables: viewers lack those. */
export const STYLE: string = `
text { font: 12px system-ui, 'DejaVu Sans', sans-serif }
.title { font-size: 17px; font-weight: 600 }
.small { font-size: 10.5px }
.end { text-anchor: end }
.middle { text-anchor: middle }
.halo { stroke-width: 3; paint-order: stroke }
.mark { stroke-width: 1.5; stroke-dasharray: 4 3 }
${palette(LIGHT)}
@media (prefers-color-scheme: dark) {
${palette(DARK)}
}`
