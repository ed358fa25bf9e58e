/** One colour for each role, where the reader's system prefers a light or a dark page. */
const LIGHT = {
  ...{ back: '#ffffff', ink: '#1f2430', soft: '#6b7280', line: '#e5e7eb' },
  ...{ bad: '#dc2626', good: '#047857', dot: '#2563eb', span: '#bfdbfe' },
}
const DARK: typeof LIGHT = {
  ...{ back: '#0d1117', ink: '#e5e7eb', soft: '#9aa4b2', line: '#2a303c' },
  ...{ bad: '#f87171', good: '#34d399', dot: '#60a5fa', span: '#1e3a5f' },
}

function palette(colour: typeof LIGHT): string {
  return [
    `text { fill: ${colour.ink} }`,
    `.back { fill: ${colour.back} }`,
    `.soft { fill: ${colour.soft} }`,
    `.bad { fill: ${colour.bad} }`,
    `.good { fill: ${colour.good} }`,
    `.during { fill: ${colour.dot} }`,
    `.outside { fill: ${colour.back}; stroke: ${colour.dot} }`,
    `.span { stroke: ${colour.span} }`,
    `.line { stroke: ${colour.line} }`,
  ].join('\n')
}

/** The style sheet of the chart. It loads nothing and needs no variables: viewers lack those. */
export const STYLE: string = `
text { font: 12.5px system-ui, 'DejaVu Sans', sans-serif }
.title { font-size: 16px; font-weight: 600 }
.strong { font-weight: 600 }
.small { font-size: 11px }
.end { text-anchor: end }
.middle { text-anchor: middle }
.outside { stroke-width: 1.5 }
.span { stroke-width: 4 }
${palette(LIGHT)}
@media (prefers-color-scheme: dark) {
${palette(DARK)}
}`
