// The base map without an extract of OpenStreetMap: boundaries, neighbours in grey, stop names as place names, and
// light rail drawn straight from stop to stop. No sprite and no glyph server: labels come from the page's own font.
import type { FeatureCollection } from 'geojson';
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';

export interface BaseData {
  boundaries: FeatureCollection;
  stops: FeatureCollection;
  lines: FeatureCollection;
}

const nothing: FeatureCollection = { type: 'FeatureCollection', features: [] };

async function collection(name: string): Promise<FeatureCollection> {
  try {
    const response = await fetch(`/demo-map/${name}.geojson`);
    return response.ok ? ((await response.json()) as FeatureCollection) : nothing;
  } catch {
    return nothing;
  }
}

let loaded: Promise<BaseData> | undefined;

/** The files of the base map; one that is missing leaves its layer empty. */
export function loadBase(): Promise<BaseData> {
  loaded ??= Promise.all(['boundaries', 'stops', 'lines'].map(collection)).then(([boundaries, stops, lines]) => ({
    boundaries: boundaries!,
    stops: { ...stops!, features: stops!.features.map(withRank) },
    lines: lines!
  }));
  return loaded;
}

/** Stops of rail lines are known in the whole town and are named first. */
function withRank(stop: FeatureCollection['features'][number]) {
  const lines: unknown[] = Array.isArray(stop.properties?.lines) ? stop.properties.lines : [];
  const names = lines.map((line) =>
    typeof line === 'object' ? String((line as { name?: string })?.name) : String(line)
  );
  const rail = names.some((name) => /^(U|S|RE|RB)\s?\d/.test(name));
  return { ...stop, properties: { name: stop.properties?.name, rail, weight: names.length } };
}

interface Palette {
  ground: string;
  city: string;
  neighbour: string;
  border: string;
  rail: string;
  text: string;
  quiet: string;
  halo: string;
}

const palettes: Record<'light' | 'dark', Palette> = {
  light: {
    ground: '#e3e6ec',
    city: '#fbfaf6',
    neighbour: '#e3e6ec',
    border: '#7f8aa3',
    rail: '#8fa3c8',
    text: '#333b52',
    quiet: '#5f677c',
    halo: '#fbfaf6'
  },
  dark: {
    ground: '#0a0e1b',
    city: '#1b233b',
    neighbour: '#111728',
    border: '#66739a',
    rail: '#4d6394',
    text: '#d3daec',
    quiet: '#99a4c2',
    halo: '#151c31'
  }
};

const isNeighbour = ({ properties }: FeatureCollection['features'][number]) => properties?.role === 'neighbour';

export interface Credits {
  boundaries: string;
  stops: string;
}

export function baseStyle(data: BaseData, scheme: 'light' | 'dark', credits: Credits): StyleSpecification {
  const colour = palettes[scheme];
  return {
    version: 8,
    sources: {
      boundaries: {
        type: 'geojson',
        data: data.boundaries,
        // Only the demonstration's boundaries come with neighbours; a city's own need no credit.
        attribution: data.boundaries.features.some(isNeighbour) ? credits.boundaries : undefined
      },
      // Drawn from stop to stop, so the credit for the stops is due here, too.
      lines: {
        type: 'geojson',
        data: data.lines,
        attribution: data.lines.features.length ? credits.stops : undefined
      },
      stops: { type: 'geojson', data: data.stops, attribution: data.stops.features.length ? credits.stops : undefined }
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': colour.ground } },
      {
        id: 'area',
        type: 'fill',
        source: 'boundaries',
        paint: { 'fill-color': ['case', ['==', ['get', 'role'], 'city'], colour.city, colour.neighbour] }
      },
      {
        id: 'border',
        type: 'line',
        source: 'boundaries',
        paint: {
          'line-color': colour.border,
          'line-width': ['case', ['==', ['get', 'role'], 'city'], 1.6, 0.5],
          'line-opacity': ['case', ['==', ['get', 'role'], 'city'], 1, 0.6]
        }
      },
      {
        id: 'rail',
        type: 'line',
        source: 'lines',
        layout: { 'line-cap': 'round', 'line-join': 'round' },
        paint: {
          'line-color': colour.rail,
          'line-width': ['interpolate', ['linear'], ['zoom'], 9, 1, 14, 4],
          'line-dasharray': [2, 1.4]
        }
      },
      {
        id: 'stop',
        type: 'circle',
        source: 'stops',
        minzoom: 11.5,
        filter: ['step', ['zoom'], ['get', 'rail'], 13.5, true],
        paint: {
          'circle-radius': ['interpolate', ['linear'], ['zoom'], 11, 1.5, 15, 3.5],
          'circle-color': colour.halo,
          'circle-stroke-color': colour.quiet,
          'circle-stroke-width': 1
        }
      }
    ]
  };
}

/** Names stand above the markers' shapes but give way to them. */
export function labelLayers(scheme: 'light' | 'dark'): LayerSpecification[] {
  const colour = palettes[scheme];
  const halo = { 'text-halo-color': colour.halo, 'text-halo-width': 1.4 };
  return [
    {
      id: 'stop-name',
      type: 'symbol',
      source: 'stops',
      minzoom: 12,
      filter: ['step', ['zoom'], ['get', 'rail'], 14.2, true],
      layout: {
        'text-font': ['Fira Sans'],
        'text-field': ['get', 'name'],
        'text-size': 12,
        'text-anchor': 'top',
        'text-offset': [0, 0.45],
        'text-max-width': 8,
        'symbol-sort-key': ['-', ['get', 'weight']]
      },
      paint: { 'text-color': colour.quiet, ...halo }
    },
    {
      id: 'rail-name',
      type: 'symbol',
      source: 'lines',
      minzoom: 11.5,
      layout: {
        'text-font': ['Fira Sans'],
        'text-field': ['get', 'name'],
        'text-size': 11,
        'symbol-placement': 'line',
        'symbol-spacing': 400
      },
      paint: { 'text-color': colour.quiet, 'text-halo-color': colour.city, 'text-halo-width': 2 }
    },
    {
      id: 'area-name',
      type: 'symbol',
      source: 'boundaries',
      maxzoom: 12.5,
      layout: {
        'text-font': ['Fira Sans'],
        'text-field': ['get', 'name'],
        'text-size': ['case', ['==', ['get', 'role'], 'city'], 17, 12],
        'text-padding': 3,
        // Beside a number that gathers markers, where one stands in the middle.
        'text-variable-anchor': ['center', 'bottom', 'top', 'left', 'right'],
        'text-radial-offset': 2,
        'symbol-sort-key': ['case', ['==', ['get', 'role'], 'city'], 0, 1]
      },
      paint: { 'text-color': ['case', ['==', ['get', 'role'], 'city'], colour.text, colour.quiet], ...halo }
    }
  ];
}
