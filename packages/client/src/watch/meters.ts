import { GAUGES, poolFigures } from './figures.ts'

/** What is used of a meter of `@opentelemetry/api`. */
export interface Meter {
  createObservableGauge(
    name: string,
    options: { readonly description: string; readonly unit: string },
  ): { addCallback(callback: (result: ObservableResult) => void): void }
}

interface ObservableResult {
  observe(value: number, attributes: Readonly<Record<string, string>>): void
}

/**
 * Has a meter of OpenTelemetry observe a pool: `cuedot.pool.size` and so on, with the name of the
 * pool as `pool`.
 *
 * @throws CredentialsError `ERR_OPTIONS` for a pool that is none of this package's
 */
export function observePool(pool: object, name: string, meter: Meter): void {
  poolFigures(pool)
  for (const { key, name: gauge, unit, help } of GAUGES) {
    const options = { description: help, unit }
    meter.createObservableGauge(`cuedot.pool.${gauge}`, options).addCallback((result) => {
      const value = poolFigures(pool)[key]
      if (typeof value === 'number') result.observe(value, { pool: name })
    })
  }
}

/** What is used of `prom-client`. */
export interface Prometheus<Gauge> {
  readonly Gauge: new (configuration: {
    readonly name: string
    readonly help: string
    readonly labelNames: readonly string[]
    /** Only the registry that is given has it, and not the one of the whole process. */
    readonly registers: []
    collect(this: PrometheusGauge): void
  }) => Gauge
}

interface PrometheusGauge {
  set(labels: Readonly<Record<string, string>>, value: number): void
}

/**
 * Registers gauges for pools with the caller's own `prom-client`: `cuedot_pool_size{pool="…"}` and
 * so on, read whenever the registry is asked.
 *
 * @param pools - by the name that they get
 * @throws CredentialsError `ERR_OPTIONS` for a pool that is none of this package's
 */
export function registerPools<Gauge>(
  pools: Readonly<Record<string, object>>,
  { Gauge }: Prometheus<Gauge>,
  registry: { registerMetric(metric: Gauge): void },
): void {
  for (const pool of Object.values(pools)) poolFigures(pool)
  for (const { key, name, unit, help } of GAUGES) {
    const gauge = unit === 's' ? `seconds_${name}` : name
    const known = { name: `cuedot_pool_${gauge}`, help, labelNames: ['pool'] }
    const collect = function (this: PrometheusGauge): void {
      for (const [pool, each] of Object.entries(pools)) {
        const value = poolFigures(each)[key]
        if (typeof value === 'number') this.set({ pool }, value)
      }
    }
    registry.registerMetric(new Gauge({ ...known, registers: [], collect }))
  }
}
