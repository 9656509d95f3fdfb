// The map itself; loaded with import() when it scrolls into view, because it is larger than the rest of the site.
import {
  AttributionControl,
  Map,
  NavigationControl,
  setWorkerUrl,
  type ExpressionSpecification,
  type GeoJSONSource,
  type GeoJSONSourceSpecification
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';
import type { Feature, Point } from 'geojson';
import type { Messages } from '#lib/i18n/de';
import type { Box } from './box';
import { drawMarker, markerName, type MarkerLook } from './markers';
import { spread } from './spread';
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

/** Markers that would lie on each other become one with a number: pixels between them, and up to which zoom. */
const clusters = { cluster: true, clusterRadius: 32, clusterMaxZoom: 16 };
const farthest = 18;
const markerSize: ExpressionSpecification = ['interpolate', ['linear'], ['zoom'], 9, 0.6, 12, 0.75, 15, 1];
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
  private placed: Spot[] = [];
  private chosen: string | [number, number] | undefined;

  private constructor(
    private readonly map: Map,
    readonly dark: boolean,
    /** Light rail is drawn, and the page says that it is schematic. */
    readonly hasLines: boolean,
    readonly hasBoundary: boolean
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
      maxZoom: farthest,
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
    const made = new CityMap(map, dark, base.lines.features.length > 0, base.boundaries.features.length > 0);
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
    this.placed = spread(spots);
    for (const spot of spots) {
      const name = markerName(spot);
      if (this.map.hasImage(name)) continue;
      const { image, pixelRatio } = drawMarker(spot);
      this.map.addImage(name, image, { pixelRatio });
    }
    this.source('spots').setData({ type: 'FeatureCollection', features: this.placed.map(toFeature) });
    this.ring();
  }

  /** Rings an object or a place. */
  mark(chosen: string | [number, number] | undefined): void {
    this.chosen = chosen;
    this.ring();
  }

  /** The chosen object is drawn once more in its ring: it is seen even while it is part of a number. */
  private ring(): void {
    const { chosen } = this;
    const spot = typeof chosen === 'string' ? this.placed.find(({ id }) => id === chosen) : undefined;
    const features: Feature[] = [];
    if (spot) features.push(toFeature(spot));
    if (Array.isArray(chosen)) features.push(pointFeature(chosen, {}));
    this.source('chosen').setData({ type: 'FeatureCollection', features });
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
    this.map.addSource('spots', { ...empty, ...clusters });
    this.map.addSource('chosen', empty);
    for (const layer of labelLayers(scheme)) this.map.addLayer(layer);
    const [ink, halo] = this.dark ? ['#fff', '#151c31'] : ['#12182b', '#fff'];
    this.map.addLayer({
      id: 'clusters',
      type: 'circle',
      source: 'spots',
      filter: ['has', 'point_count'],
      paint: {
        'circle-radius': ['step', ['get', 'point_count'], 14, 10, 17, 50, 21, 500, 26],
        'circle-color': this.dark ? '#dfe6f6' : '#12356b',
        'circle-stroke-width': 3,
        'circle-stroke-color': this.dark ? '#dfe6f655' : '#12356b55'
      }
    });
    this.map.addLayer({
      id: 'cluster-counts',
      type: 'symbol',
      source: 'spots',
      filter: ['has', 'point_count'],
      layout: {
        'text-font': ['Fira Sans'],
        'text-field': ['get', 'point_count_abbreviated'],
        'text-size': 14,
        'text-allow-overlap': true,
        'text-ignore-placement': false
      },
      paint: { 'text-color': this.dark ? '#12182b' : '#fff' }
    });
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
      filter: ['!', ['has', 'point_count']],
      layout: {
        'icon-image': ['get', 'image'],
        'icon-size': markerSize,
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'text-font': ['Fira Sans'],
        'text-field': ['step', ['zoom'], '', 12.5, ['get', 'label']],
        'text-size': 13,
        'text-anchor': 'top',
        'text-offset': [0, 1.15],
        'text-optional': true
      },
      paint: { 'text-color': ink, 'text-halo-color': halo, 'text-halo-width': 1.8 }
    });
    this.map.addLayer({
      id: 'chosen-spot',
      type: 'symbol',
      source: 'chosen',
      filter: ['has', 'image'],
      layout: { 'icon-image': ['get', 'image'], 'icon-size': markerSize, 'icon-allow-overlap': true }
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
      const [hit] = this.map.queryRenderedFeatures(box, { layers: ['spots', 'clusters'] });
      if (hit?.properties.cluster) void this.expand(hit);
      else wish.onSelect?.(hit?.properties.id as string | undefined);
    });
    if (!wish.onSelect) return;
    const canvas = this.map.getCanvas();
    this.map.on('mousemove', ['spots', 'clusters'], ({ features: [hit] = [] }) => {
      const count = hit?.properties.point_count as number | undefined;
      canvas.style.cursor = 'pointer';
      canvas.title = count ? wish.messages.map.cluster(count) : '';
    });
    this.map.on('mouseleave', ['spots', 'clusters'], () => {
      canvas.style.cursor = '';
      canvas.removeAttribute('title');
    });
  }

  /** Goes as near as it takes to see the parts of a number. */
  private async expand(cluster: Feature): Promise<void> {
    const zoom = await this.source('spots').getClusterExpansionZoom(cluster.properties!.cluster_id);
    const [longitude, latitude] = (cluster.geometry as Point).coordinates as [number, number];
    this.map.easeTo({
      center: [longitude, latitude],
      zoom: Math.min(zoom + 0.2, farthest),
      duration: calm() ? 0 : 600
    });
  }
}

function pointFeature(coordinates: [number, number], properties: Record<string, string>): Feature {
  return { type: 'Feature', geometry: { type: 'Point', coordinates }, properties };
}

function toFeature(spot: Spot): Feature {
  return pointFeature(spot.point, { id: spot.id, image: markerName(spot), label: spot.label });
}

function calm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
