// The map itself; loaded with import() when it scrolls into view, because it is larger than the rest of the site.
import {
  AttributionControl,
  Map,
  NavigationControl,
  setWorkerUrl,
  type GeoJSONSource,
  type GeoJSONSourceSpecification
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';
import type { Messages } from '#lib/i18n/de';
import type { Box } from './box';
import { drawMarker, markerName, type MarkerLook } from './markers';
import { baseStyle, labelLayers, loadBase } from './style';

setWorkerUrl(workerUrl);

export interface Spot extends MarkerLook {
  id: string;
  point: [number, number];
  /** The value, as text under the marker. */
  label: string;
}

export interface MapWish {
  container: HTMLElement;
  box: Box;
  messages: Messages;
  /** What the map region is called by screen readers. */
  title: string;
  onSelect?: (id: string | undefined) => void;
  onPlace?: (point: [number, number]) => void;
}

const drawEvery = 500;
const fitting = { padding: 28, maxZoom: 15 };

export function isDark(): boolean {
  const chosen = document.documentElement.dataset.kernTheme;
  return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

export class CityMap {
  private waiting: Spot[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private drawn = false;

  private constructor(
    private readonly map: Map,
    private readonly dark: boolean,
    /** Light rail is drawn, and the page says that it is schematic. */
    readonly hasLines: boolean
  ) {}

  /** Fails where the browser has no WebGL 2. */
  static async open(wish: MapWish): Promise<CityMap> {
    const { map: words } = wish.messages;
    const [base] = await Promise.all([loadBase(), document.fonts.load('400 16px "Fira Sans"')]);
    const dark = isDark();
    const scheme = dark ? 'dark' : 'light';
    const map = new Map({
      container: wish.container,
      style: baseStyle(base, scheme, words),
      bounds: wish.box,
      fitBoundsOptions: fitting,
      minZoom: 8,
      maxZoom: 18,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      cooperativeGestures: true,
      attributionControl: false,
      locale: {
        'Map.Title': wish.title,
        'NavigationControl.ZoomIn': words.zoomIn,
        'NavigationControl.ZoomOut': words.zoomOut,
        'NavigationControl.ResetBearing': words.compass,
        'AttributionControl.ToggleAttribution': words.attribution,
        'CooperativeGesturesHandler.MacHelpText': words.gesturesMac,
        'CooperativeGesturesHandler.WindowsHelpText': words.gesturesWindows,
        'CooperativeGesturesHandler.MobileHelpText': words.gesturesTouch
      }
    });
    map.touchZoomRotate.disableRotation();
    map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
    map.addControl(new AttributionControl({ compact: false }), 'bottom-right');
    await new Promise<void>((ready) => map.once('load', () => ready()));
    const made = new CityMap(map, dark, base.lines.features.length > 0);
    made.addLayers(scheme);
    made.listen(wish);
    wish.container.dataset.map = 'ready';
    map.once('idle', () => (wish.container.dataset.map = 'idle'));
    return made;
  }

  /** Draws the objects; many changes in a moment are drawn once. */
  show(spots: Spot[]): void {
    this.waiting = spots;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.draw(this.waiting);
    }, drawEvery);
    if (!this.drawn) this.draw(spots);
  }

  private draw(spots: Spot[]): void {
    this.drawn = true;
    for (const spot of spots) {
      const name = markerName(spot);
      if (this.map.hasImage(name)) continue;
      const { image, pixelRatio } = drawMarker(spot);
      this.map.addImage(name, image, { pixelRatio });
    }
    this.source('spots').setData({
      type: 'FeatureCollection',
      features: spots.map((spot) => ({
        type: 'Feature',
        geometry: { type: 'Point', coordinates: spot.point },
        properties: { id: spot.id, image: markerName(spot), label: spot.label, stop: spot.kind === 'stop' }
      }))
    });
  }

  /** Rings a place. */
  mark(point: [number, number] | undefined): void {
    this.source('chosen').setData({
      type: 'FeatureCollection',
      features: point ? [{ type: 'Feature', geometry: { type: 'Point', coordinates: point }, properties: {} }] : []
    });
  }

  goTo(center: [number, number]): void {
    const zoom = Math.max(this.map.getZoom(), 14);
    this.map.easeTo({ center, zoom, duration: calm() ? 0 : 600 });
  }

  fit(box: Box): void {
    this.map.fitBounds(box, { ...fitting, duration: calm() ? 0 : 600 });
  }

  close(): void {
    clearTimeout(this.timer);
    this.map.remove();
  }

  private source(name: string): GeoJSONSource {
    return this.map.getSource(name) as GeoJSONSource;
  }

  private addLayers(scheme: 'light' | 'dark'): void {
    const empty: GeoJSONSourceSpecification = { type: 'geojson', data: { type: 'FeatureCollection', features: [] } };
    this.map.addSource('spots', empty);
    this.map.addSource('chosen', empty);
    for (const layer of labelLayers(scheme)) this.map.addLayer(layer);
    this.map.addLayer({
      id: 'chosen',
      type: 'circle',
      source: 'chosen',
      paint: {
        'circle-radius': 22,
        'circle-color': '#f0b429',
        'circle-opacity': 0.5,
        'circle-stroke-width': 3,
        'circle-stroke-color': '#f0b429'
      }
    });
    this.map.addLayer({
      id: 'spots',
      type: 'symbol',
      source: 'spots',
      layout: {
        'icon-image': ['get', 'image'],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 9, 0.5, 12, 0.72, 15, 1],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'text-font': ['Fira Sans'],
        'text-field': ['step', ['zoom'], '', 12.5, ['get', 'label']],
        'text-size': 13,
        'text-anchor': 'top',
        'text-offset': [0, 1.15],
        'text-optional': true
      },
      paint: {
        'text-color': this.dark ? '#fff' : '#12182b',
        'text-halo-color': this.dark ? '#151c31' : '#fff',
        'text-halo-width': 1.8
      }
    });
  }

  private listen(wish: MapWish): void {
    this.map.on('click', (event) => {
      wish.onPlace?.([event.lngLat.lng, event.lngLat.lat]);
      const { x, y } = event.point;
      const reach = 8;
      const box: [[number, number], [number, number]] = [
        [x - reach, y - reach],
        [x + reach, y + reach]
      ];
      const [hit] = this.map.queryRenderedFeatures(box, { layers: ['spots'] });
      wish.onSelect?.(hit?.properties.id as string | undefined);
    });
    if (!wish.onSelect) return;
    const canvas = this.map.getCanvas();
    this.map.on('mouseenter', 'spots', () => (canvas.style.cursor = 'pointer'));
    this.map.on('mouseleave', 'spots', () => (canvas.style.cursor = ''));
  }
}

function calm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
